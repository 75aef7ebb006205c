//! One page about a training run, whole in itself: nothing is asked from a network, no script runs, it prints, and its colours follow
//! the screen.

mod data;
mod examples;
mod extras;
mod learning;
mod making;
mod markdown;
mod part;
mod summary;
mod words;

use std::path::Path;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use moodbox_shared::model::Provenance;

use super::figure::{FIGURE_STYLE, Figure};
use super::{ReportError, RobustnessCurve, write_file};
use crate::judge::{JudgedNetwork, JudgedRun, TestData};
use crate::train::run_folder::{Progress, RunDescription};
use part::PartReport;

const STYLE: &str = include_str!("page.css");

/// The page's file.
const FILE_NAME: &str = "index.html";

/// Everything that a page tells of.
pub struct PageContent<'a> {
    /// The run's folder, as it was named.
    pub folder: &'a Path,
    /// What it was started with.
    pub run: &'a RunDescription,
    /// How far it has come.
    pub progress: &'a Progress,
    /// The network that was judged.
    pub network: &'a JudgedNetwork<'a>,
    /// Which one that is, in words.
    pub network_words: String,
    /// Where it comes from, if it says so itself.
    pub provenance: Option<&'a Provenance>,
    /// What its logits are divided by.
    pub temperature: f32,
    /// What it was judged by.
    pub judged: &'a JudgedRun,
    /// What a measurement of robustness has left in the folder.
    pub robustness: &'a [RobustnessCurve],
    /// What a measurement of the network's parts has left there, in Markdown.
    pub ablation: Option<&'a str>,
}

/// A page and the figures beside it.
pub struct Report {
    /// HTML.
    pub page: String,
    /// With the names of their files, without extension.
    pub figures: Vec<(String, Figure)>,
}

impl Report {
    /// Writes the page as `index.html` and each figure as PNG and SVG into a folder.
    pub fn write(&self, folder: &Path) -> Result<(), ReportError> {
        for (name, figure) in &self.figures {
            figure.write(folder, name)?;
        }
        write_file(&folder.join(FILE_NAME), self.page.as_bytes())
    }
}

/// A part of the page with what it draws.
#[derive(Default)]
struct Section {
    id: &'static str,
    title: String,
    body: Markup,
    figures: Vec<(String, Figure)>,
}

/// Puts the page together.
pub fn report(content: &PageContent<'_>) -> Report {
    let judge = |part, name, title| PartReport::new(content, part, name, title);
    let chosen = &content.judged.selection;
    let selection = (!chosen.items.is_empty()).then(|| judge(chosen, "selection", "Selection data"));
    let test = match &content.judged.test {
        TestData::Judged(part) => Ok(judge(part, "test", "Test data")),
        TestData::None(reason) => Err(reason.as_str()),
    };
    let shown = test.as_ref().ok().or(selection.as_ref());
    let mut sections = vec![
        summary::section(content, test.as_ref().ok(), selection.as_ref()),
        learning::section(content),
        match &test {
            Ok(test) => test.section(),
            Err(reason) => part::missing(reason),
        },
    ];
    sections.extend(selection.as_ref().map(PartReport::section));
    sections.extend(shown.map(examples::section));
    sections.extend(extras::robustness(content.robustness));
    sections.extend(content.ablation.map(extras::ablation));
    sections.push(data::section(content));
    sections.push(making::section(content));

    let page = layout(content, &sections).into_string();
    Report { page, figures: sections.into_iter().flat_map(|section| section.figures).collect() }
}

fn layout(content: &PageContent<'_>, sections: &[Section]) -> Markup {
    let title = format!("{} network, preset {}", words::task(content.run.task), content.run.preset.name());
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(FIGURE_STYLE)) (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (title) }
                    p { "Training run " code { (content.folder.display()) } ". Judged: " (content.network_words) "." }
                    @if !content.progress.finished {
                        p.note { "Training has not finished: " (content.progress.epochs_done) " of " (content.run.recipe.epochs) " epochs are behind it." }
                    }
                    nav aria-label="Sections" {
                        ul { @for section in sections { li { a href={ "#" (section.id) } { (section.title) } } } }
                    }
                }
                main {
                    @for section in sections {
                        section id=(section.id) aria-labelledby={ (section.id) "-title" } {
                            h2 id={ (section.id) "-title" } { (section.title) }
                            (section.body)
                        }
                    }
                }
                footer {
                    p {
                        "Written by moodbox-trainer " (env!("CARGO_PKG_VERSION"))
                        ". Pictures and spectrograms are the data set's, and carry its terms: keep this page where the data may be."
                    }
                }
            }
        }
    }
}

/// A figure on the page.
fn inline(figure: &Figure) -> Markup {
    PreEscaped(figure.to_inline_svg())
}

/// A table that may be wider than a phone.
fn scrolling(label: &str, table: Markup) -> Markup {
    html! { div.scroll role="region" aria-label=(label) tabindex="0" { (table) } }
}

/// A table of names and values.
fn facts(rows: &[(&str, Markup)]) -> Markup {
    html! {
        table.facts {
            tbody { @for (name, value) in rows { tr { th scope="row" { (name) } td { (value) } } } }
        }
    }
}
