//! What a training run leaves for people: its history as JSON, CSV and NumPy arrays, and its curves as a picture.

mod canvas;
mod curves;
mod history;
mod npy;
mod output;

pub use canvas::Canvas;
pub use curves::{curves, curves_png};
pub use history::{EpochRecord, write_history};
pub use npy::{NpyNumber, npy, npz};
pub use output::{ReportError, print_line, write_file, write_png};
