//! How learning went: curves, and the same as a table.

use maud::html;

use super::{PageContent, Section, inline, scrolling};
use crate::report::{EpochRecord, accuracy_curve, loss_curve};

pub(super) fn section(content: &PageContent<'_>) -> Section {
    let progress = content.progress;
    let figures = vec![
        ("accuracy".to_owned(), accuracy_curve(&progress.history)),
        ("loss".to_owned(), loss_curve(&progress.history)),
    ];
    let table = html! {
        table {
            caption { "Every epoch" }
            thead {
                tr {
                    @for name in ["Epoch", "Train loss", "Train accuracy (%)", "Selection loss", "Selection accuracy (%)", "Learning rate", "Seconds"] {
                        th scope="col" { (name) }
                    }
                }
            }
            tbody {
                @for record in &progress.history {
                    @let EpochRecord { epoch, train_loss, train_accuracy, selection_loss, selection_accuracy, learning_rate, seconds } = record;
                    tr.chosen[*epoch == progress.best_epoch] {
                        th scope="row" { (epoch) }
                        td { (format!("{train_loss:.3}")) }
                        td { (format!("{:.1}", 100.0 * train_accuracy)) }
                        td { (number(*selection_loss, 3)) }
                        td { (number(100.0 * selection_accuracy, 1)) }
                        td { (format!("{learning_rate:.1e}")) }
                        td { (format!("{seconds:.0}")) }
                    }
                }
            }
        }
    };
    let body = html! {
        p {
            @if content.run.all_learned {
                "The last epoch, " (progress.epochs_done) ", was kept: nothing chose. "
            } @else {
                "Epoch " (progress.best_epoch) " of " (progress.epochs_done) " was kept, for its accuracy on the selection data (the ring). "
            }
            @if content.run.recipe.augment { "Examples are varied while they are learned from, so the train curve may lie below the other." }
        }
        div.figures { @for (_, figure) in &figures { (inline(figure)) } }
        details { summary { "The same as a table" } (scrolling("Every epoch", table)) }
    };
    Section { id: "learning", title: "Learning".to_owned(), body, figures }
}

/// A dash where nothing was measured.
fn number(value: f32, digits: usize) -> String {
    if value.is_nan() { "–".to_owned() } else { format!("{value:.digits$}") }
}
