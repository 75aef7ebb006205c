//! Which data was learned from, chosen by, tested on and left out.

use maud::{Markup, html};

use super::words::{grouped, samples};
use super::{PageContent, Section, facts, scrolling};
use crate::dataset::Labels;
use crate::judge::{Counts, JudgedPart, TestData};
use moodbox_shared::Emotion;
use moodbox_shared::model::Task;

pub(super) fn section(content: &PageContent<'_>) -> Section {
    let run = content.run;
    let what = samples(run.task);
    let mut rows: Vec<(&str, Markup)> = vec![
        ("Where it lies", html! { code { (run.data.display()) } }),
        ("Hash of its content", html! { code { (run.data_hash) } }),
        ("Seed", html! { (run.recipe.seed) }),
        ("Split", html! { (run.split) }),
    ];
    if run.task == Task::Face {
        let whose = match run.labels {
            Labels::Fer2013 => "the data set's own",
            Labels::Ferplus => "the majority of the crowd's votes (FER+)",
        };
        rows.push(("Labels", html! { (whose) }));
    }
    rows.push(("Left out of training and selection", html! { (content.judged.left_out) }));
    match &content.judged.test {
        TestData::Judged(test) => rows.push(("Left out of the test", html! { (test.left_out) })),
        TestData::None(reason) => rows.push(("Test", html! { (reason) })),
    }
    let body = html! {
        (scrolling("Counts by class", counts(content, what)))
        (facts(&rows))
    };
    Section { id: "data", title: "Data".to_owned(), body, ..Section::default() }
}

fn counts(content: &PageContent<'_>, what: &str) -> Markup {
    let labels = content.network.labels();
    let judged = content.judged;
    let mut columns: Vec<(&str, Counts)> =
        vec![("Training", judged.training.clone()), ("Selection", by_class(&judged.selection, labels))];
    if let TestData::Judged(test) = &judged.test {
        columns.push(("Test", by_class(test, labels)));
    }
    html! {
        table {
            caption { "Number of " (what) " by class" }
            thead { tr { th scope="col" { "Class" } @for (name, _) in &columns { th scope="col" { (name) } } } }
            tbody {
                @for (index, label) in labels.iter().enumerate() {
                    tr {
                        th scope="row" { (label) }
                        @for (_, counts) in &columns { td { (grouped(counts[index])) } }
                    }
                }
            }
            tfoot {
                tr {
                    th scope="row" { "All" }
                    @for (_, counts) in &columns { td { (grouped(counts.iter().sum())) } }
                }
            }
        }
    }
}

fn by_class(part: &JudgedPart, labels: &[Emotion]) -> Counts {
    labels.iter().map(|&label| part.items.iter().filter(|item| item.truth == label).count()).collect()
}
