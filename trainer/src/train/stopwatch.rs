//! Where the time of training goes.

use burn::tensor::Device;
use std::time::{Duration, Instant};

/// What a step consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Waiting for the next batch, which other threads make.
    Data,
    /// From inputs to loss.
    Forward,
    /// From loss to gradients.
    Backward,
    /// From gradients to weights.
    Optimizer,
    /// The running mean of the weights.
    Average,
    /// Reading loss and answers.
    Reading,
}

impl Phase {
    /// In the order of a step.
    pub const ALL: [Self; 6] =
        [Self::Data, Self::Forward, Self::Backward, Self::Optimizer, Self::Average, Self::Reading];

    /// In reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Forward => "forward",
            Self::Backward => "backward",
            Self::Optimizer => "optimizer",
            Self::Average => "average",
            Self::Reading => "reading",
        }
    }
}

/// Sums up how long each phase took.
#[derive(Clone, Debug)]
pub struct Stopwatch {
    last: Instant,
    spent: [Duration; Phase::ALL.len()],
    waits: bool,
}

impl Stopwatch {
    /// Starts now.
    ///
    /// * `waits`: whether a phase ends when its device is done; otherwise when its work is handed over, which disturbs nothing
    pub fn start(waits: bool) -> Self {
        Self { last: Instant::now(), spent: Default::default(), waits }
    }

    /// What passed since the last lap belongs to this phase.
    pub(super) fn lap(&mut self, phase: Phase, device: &Device) {
        if self.waits {
            // A device that failed says so when its results are read.
            let _ = device.sync();
        }
        let now = Instant::now();
        self.spent[phase as usize] += now - self.last;
        self.last = now;
    }

    /// Time spent in a phase.
    pub fn spent(&self, phase: Phase) -> Duration {
        self.spent[phase as usize]
    }

    /// Time spent in all of them.
    pub fn total(&self) -> Duration {
        self.spent.iter().sum()
    }
}
