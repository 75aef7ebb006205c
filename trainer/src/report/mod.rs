//! What a training run leaves for people: its history as JSON, CSV and NumPy arrays, its curves as a picture, and a page with everything
//! that there is to know about it.

mod canvas;
mod confusion;
mod curves;
pub mod figure;
mod history;
mod npy;
mod output;
pub mod page;
mod reliability;
mod robustness;
mod sheet;
mod spectrogram;
mod statistics;

pub use canvas::Canvas;
pub use confusion::confusion_figure;
pub use curves::{accuracy_curve, curves, curves_png, loss_curve};
pub use history::{EpochRecord, write_history};
pub use npy::{NpyNumber, npy, npz};
pub use output::{ReportError, data_url, print_line, write_file, write_png};
pub(crate) use output::{command_line, write_markdown};
pub use reliability::reliability_figure;
pub use robustness::{RobustnessCurve, RobustnessPoint, robustness_figure, robustness_table};
pub use sheet::{Sample, sheet_figure};
pub use spectrogram::spectrogram;
pub use statistics::mean_and_deviation;
