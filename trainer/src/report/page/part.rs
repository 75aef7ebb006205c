//! Figures of one part of the data: classes, confusion, calibration, and where the network is sure and wrong.

use maud::{Markup, html};

use super::examples::{gallery, most_surely_wrong};
use super::words::{grouped, interval, percent, samples};
use super::{PageContent, Section, inline, scrolling};
use crate::evaluate::Scores;
use crate::judge::{Answer, JudgedPart};
use crate::report::figure::Paint;
use crate::report::{confusion_figure, reliability_figure, sheet_figure};
use moodbox_shared::model::Task;

/// A part of the data with what the network made of it.
pub(super) struct PartReport<'a> {
    content: &'a PageContent<'a>,
    /// The data.
    pub part: &'a JudgedPart,
    /// With which the names of its files begin.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Figures with logits as they are.
    pub before: Scores,
    /// Figures as the box would see them.
    pub after: Scores,
    /// What the network says of each item.
    pub answers: Vec<Answer>,
}

/// The section in the place of test data that is not there.
pub(super) fn missing(reason: &str) -> Section {
    let body = html! { p { (reason) } };
    Section { id: "test", title: "Test data".to_owned(), body, ..Section::default() }
}

impl<'a> PartReport<'a> {
    pub fn new(content: &'a PageContent<'a>, part: &'a JudgedPart, name: &'static str, title: &'static str) -> Self {
        Self {
            content,
            part,
            name,
            title,
            before: part.scores(content.network, 1.0),
            after: part.scores(content.network, content.temperature),
            answers: part.answers(content.network, content.temperature),
        }
    }

    pub fn task(&self) -> Task {
        self.content.run.task
    }

    pub fn section(&self) -> Section {
        let wrong = most_surely_wrong(self);
        let confusion = confusion_figure(&self.after, &format!("{}: confusion", self.title));
        let reliability = reliability_figure(&self.before, &self.after, &format!("{}: reliability", self.title));
        let body = html! {
            (self.headline())
            h3 { "Classes" }
            (scrolling("Figures by class", classes(&self.after)))
            p.remark { "Micro averages all equal the accuracy: every sample has one truth and gets one answer." }
            h3 { "Confusion" }
            (scrolling("Confusion matrix", confusion_table(&self.after)))
            h3 { "Calibration" }
            div.figures {
                (inline(&reliability))
                (self.calibration())
            }
            h3 { "Most confidently wrong" }
            @if wrong.is_empty() { p { "No answer is wrong." } } @else { (gallery(&wrong, self.task())) }
        };
        let sheet = sheet_figure(&wrong, &format!("{}: most confidently wrong", self.title));
        let figures = [("confusion", confusion), ("reliability", reliability), ("wrong", sheet)];
        let figures = figures.map(|(what, figure)| (format!("{}-{what}", self.name), figure)).into();
        let id = self.name;
        Section { id, title: self.title.to_owned(), body, figures }
    }

    fn headline(&self) -> Markup {
        let scores = &self.after;
        let windows = self.part.window_scores(self.content.network, self.content.temperature);
        html! {
            p {
                strong { (percent(scores.accuracy)) } " of " (grouped(scores.samples)) " " (samples(self.task())) " right (" (interval(scores))
                "), unweighted average recall " (percent(scores.unweighted_average_recall)) ", macro F1 " (format!("{:.3}", scores.macro_f1)) ". "
                @if let Some(windows) = windows {
                    "A clip is judged by the mean log-posterior of its windows; of these, each by itself, "
                    (percent(windows.accuracy)) " of " (grouped(windows.samples)) " are right. "
                }
                @if self.part.without_contrast > 0 {
                    (self.part.without_contrast) " pictures without contrast count as undecided. "
                }
            }
        }
    }

    fn calibration(&self) -> Markup {
        let row = |name: &str, temperature: f32, scores: &Scores| {
            html! {
                tr {
                    th scope="row" { (name) }
                    td { (format!("{temperature:.2}")) }
                    td { (format!("{:.3}", scores.expected_calibration_error)) }
                }
            }
        };
        html! {
            div {
                table {
                    caption { "Expected calibration error, 15 bins" }
                    thead { tr { th scope="col" { "" } th scope="col" { "Temperature" } th scope="col" { "ECE" } } }
                    tbody {
                        (row("Before", 1.0, &self.before))
                        (row("After", self.content.temperature, &self.after))
                    }
                }
                p.remark {
                    "Logits are divided by the temperature" @if !self.content.run.all_learned { ", which was fitted on the selection data" }
                    ". On the diagonal, a confidence of 70 % is right "
                    "in 70 of 100 cases; below it, the network claims too much. The bars count samples by confidence."
                }
            }
        }
    }
}

fn classes(scores: &Scores) -> Markup {
    let cells = |precision: f64, recall: f64, f1: f64, support: usize| {
        html! {
            td { (percent(precision)) } td { (percent(recall)) } td { (format!("{f1:.3}")) } td { (grouped(support)) }
        }
    };
    let accuracy = scores.accuracy;
    html! {
        table {
            caption { "Precision, recall, F1 and support" }
            thead { tr { @for name in ["Class", "Precision", "Recall", "F1", "Support"] { th scope="col" { (name) } } } }
            tbody {
                @for class in &scores.per_class {
                    tr { th scope="row" { (class.class) } (cells(class.precision, class.recall, class.f1, class.support)) }
                }
            }
            tfoot {
                tr {
                    th scope="row" { "Macro average" }
                    (cells(scores.macro_precision(), scores.unweighted_average_recall, scores.macro_f1, scores.samples))
                }
                tr { th scope="row" { "Micro average" } (cells(accuracy, accuracy, accuracy, scores.samples)) }
            }
        }
    }
}

fn confusion_table(scores: &Scores) -> Markup {
    html! {
        table.confusion {
            caption { "Rows are the truth, columns the answer: count, and share of the row" }
            thead {
                tr {
                    th scope="col" { "Truth" }
                    @for class in &scores.classes { th scope="col" { (class) } }
                }
            }
            tbody {
                @for (class, row) in scores.classes.iter().zip(&scores.confusion) {
                    @let total = row.iter().sum::<usize>().max(1);
                    tr {
                        th scope="row" { (class) }
                        @for &count in row {
                            @let share = count as f32 / total as f32;
                            td class=(Paint::OnHeat(share).class()) style={ "--share:" (format!("{share:.3}")) } {
                                (count) small { (format!("{:.0} %", 100.0 * share)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
