//! What other measurements have left in the run's folder.

use maud::html;

use super::words::{grouped, percent};
use super::{Section, inline, markdown, scrolling};
use crate::report::{RobustnessCurve, robustness_figure};

/// Curves of accuracy under disturbances; nothing where there are none.
pub(super) fn robustness(curves: &[RobustnessCurve]) -> Option<Section> {
    let figures: Vec<_> = curves
        .iter()
        .zip(1..)
        .map(|(curve, number)| (format!("robustness-{number}"), robustness_figure(curve)))
        .collect();
    let has_other = curves.iter().flat_map(|curve| &curve.points).any(|point| point.beside.is_some());
    let table = html! {
        table {
            caption { "Accuracy under disturbances" }
            thead {
                tr {
                    @for name in ["Disturbance", "Level", "Accuracy"] { th scope="col" { (name) } }
                    @if has_other { th scope="col" { "The other network" } }
                    th scope="col" { "Samples" }
                }
            }
            tbody {
                @for curve in curves {
                    @for point in &curve.points {
                        tr {
                            th scope="row" { (curve.disturbance) }
                            td { (point.level) " " (curve.unit) }
                            td { (percent(point.accuracy)) }
                            @if has_other { td { (point.beside.map_or_else(String::new, percent)) } }
                            td { (grouped(point.samples)) }
                        }
                    }
                }
            }
        }
    };
    let body = html! {
        div.figures { @for (_, figure) in &figures { (inline(figure)) } }
        (scrolling("Accuracy under disturbances", table))
    };
    let section = Section { id: "robustness", title: "Robustness".to_owned(), body, figures };
    (!curves.is_empty()).then_some(section)
}

/// What each part of a network or recipe is worth, as it was written down.
pub(super) fn ablation(text: &str) -> Section {
    let body = html! { div.written { (markdown::to_html(text)) } };
    Section { id: "ablation", title: "Ablation".to_owned(), body, ..Section::default() }
}
