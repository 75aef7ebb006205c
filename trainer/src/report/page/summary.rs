//! What is to be known first: how good the network is where it was not chosen, and how large it is.

use maud::{Markup, html};

use super::part::PartReport;
use super::words::{grouped, interval, percent, samples};
use super::{PageContent, Section};
use crate::judge::JudgedNetwork;

pub(super) fn section(
    content: &PageContent<'_>,
    test: Option<&PartReport<'_>>,
    selection: Option<&PartReport<'_>>,
) -> Section {
    let network = content.network;
    let size = match network {
        JudgedNetwork::Int8(model) => format!("int8, {} bytes", grouped(model.file_bytes())),
        JudgedNetwork::Float(_) => "floating point".to_owned(),
    };
    let body = html! {
        dl.cards {
            @if let Some(test) = test { (accuracy(content, test, "Test accuracy")) }
            @if let Some(selection) = selection { (accuracy(content, selection, "Selection accuracy")) }
            @if let Some(part) = test.or(selection) { (calibration(part)) }
            (card("Network", &format!("{:.1} MMAC", network.macs() as f64 / 1e6), &format!("{} parameters, {size}", grouped(network.parameters()))))
        }
        p { (whence(test.is_some(), selection.is_some())) }
    };
    Section { id: "summary", title: "Summary".to_owned(), body, ..Section::default() }
}

/// What the figures are worth.
const fn whence(test: bool, selection: bool) -> &'static str {
    match (test, selection) {
        (true, true) => {
            "The selection data chose the epoch and the temperature, so its figures flatter. The test data was seen by neither training nor selection."
        }
        (true, false) => "Nothing chose: the last epoch was kept. The test data was not seen by training.",
        (false, true) => {
            "There is no test data: the selection data chose the epoch and the temperature, so its figures flatter."
        }
        (false, false) => {
            "All data was learned from: how good the network is can't be told here, cross-validation tells it."
        }
    }
}

fn accuracy(content: &PageContent<'_>, part: &PartReport<'_>, name: &str) -> Markup {
    let scores = &part.after;
    let remark = format!(
        "of {} {}; {}; unweighted average recall {}",
        grouped(scores.samples),
        samples(content.run.task),
        interval(scores),
        percent(scores.unweighted_average_recall),
    );
    card(name, &percent(scores.accuracy), &remark)
}

fn calibration(part: &PartReport<'_>) -> Markup {
    let (before, after) = (part.before.expected_calibration_error, part.after.expected_calibration_error);
    let remark = format!("on the {}; {before:.3} before calibration", part.title.to_lowercase());
    card("Expected calibration error", &format!("{after:.3}"), &remark)
}

fn card(name: &str, value: &str, remark: &str) -> Markup {
    html! { div { dt { (name) } dd { strong { (value) } " " span { (remark) } } } }
}
