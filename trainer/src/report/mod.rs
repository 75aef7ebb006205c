//! What a training run leaves for people: its history as JSON and CSV, and its curves as a picture.

mod canvas;
mod curves;
mod history;
mod output;
mod statistics;

pub use canvas::Canvas;
pub use curves::{curves, curves_png};
pub use history::{EpochRecord, write_history};
pub use output::{ReportError, print_line, write_file, write_png};
pub use statistics::mean_and_deviation;
