//! What a network does, layer by layer, for people: the name of each operation, what it makes, and how much work that is.

use super::{Operation, Plan};
use crate::nn::{Shape, Window};

/// One layer of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerSummary {
    /// Name of what is computed, in snake case.
    pub operation: &'static str,
    /// Height × width × channels of what is made.
    pub output: Shape,
    /// Multiplications of one run.
    pub macs: u64,
}

impl Plan {
    /// The layers in the order of execution.
    pub fn summaries(&self) -> impl ExactSizeIterator<Item = LayerSummary> {
        self.layers.iter().map(|layer| {
            let read = usize::from(layer.input).checked_sub(1).and_then(|made_by| self.layers.get(made_by));
            let input = read.map_or(self.input.shape, |layer| layer.output.shape);
            let output = layer.output.shape;
            LayerSummary { operation: layer.operation.name(), output, macs: layer.operation.macs(input, output) }
        })
    }
}

impl Operation {
    /// Its name in snake case.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Conv2d { .. } => "conv2d",
            Self::Depthwise { .. } => "depthwise",
            Self::MaxPool { .. } => "max_pool",
            Self::AveragePool { .. } => "average_pool",
            Self::GlobalAveragePool => "global_average_pool",
            Self::Dense { .. } => "dense",
            Self::Add { .. } => "add",
            Self::Concat { .. } => "concat",
        }
    }

    /// Multiplications of one run; those of requantisation don't count, as everybody counts.
    fn macs(&self, input: Shape, output: Shape) -> u64 {
        let terms = match self {
            Self::Conv2d { window, .. } => places(*window).saturating_mul(u64::from(input.channels)),
            Self::Depthwise { window, .. } => places(*window),
            Self::Dense { .. } => input.len() as u64,
            Self::MaxPool { .. }
            | Self::AveragePool { .. }
            | Self::GlobalAveragePool
            | Self::Add { .. }
            | Self::Concat { .. } => 0,
        };
        terms.saturating_mul(output.len() as u64)
    }
}

fn places(window: Window) -> u64 {
    u64::from(window.kernel[0]) * u64::from(window.kernel[1])
}
