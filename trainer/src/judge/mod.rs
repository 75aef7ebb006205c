//! A run's network before data that it has not learned from: every picture or clip with its truth and its logits, so that figures,
//! calibration and examples are all of one and the same pass.

mod data;
mod network;
mod part;

pub use data::{Counts, JudgedRun, judge_run, test_voices};
pub use network::JudgedNetwork;
pub use part::{Answer, Item, JudgedPart, Seen, TestData};
