//! What a network takes of a machine: work, and memory of each kind.

use crate::{models, stack};
use moodbox_shared::model::{MAX_ARENA_BYTES, Model};
use moodbox_shared::nn::{Arena, Isa, WeightLine};
use serde::Serialize;
use std::fmt;

/// The figures of a network. As text, they are a list for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Footprint {
    /// Weights and biases.
    pub parameters: usize,
    /// Millions of multiplications of a run.
    pub mmac: f64,
    /// Length of the file.
    pub file_bytes: usize,
    /// Of these, what a run reads: weights, biases and factors.
    pub weight_bytes: usize,
    /// Memory for weights made ready for these instructions; without it, the network is slower.
    pub prepared_bytes: usize,
    /// Memory that a run computes in.
    pub arena_bytes: usize,
    /// What no plan of the network can do without: the most that is needed at one time.
    pub least_arena_bytes: usize,
    /// Stack of a run with the best instructions that there are, measured; `None` where the system does not tell.
    pub stack_bytes: Option<usize>,
}

impl Footprint {
    /// Prepares the network for the best instructions and runs it once, to see how much stack that takes.
    pub fn measure(model: &Model<'_>) -> Self {
        let (network, isa) = (model.network(), Isa::best());
        Self {
            parameters: network.parameters(),
            mmac: network.macs() as f64 / 1e6,
            file_bytes: model.file_bytes(),
            weight_bytes: model.weight_bytes(),
            prepared_bytes: network.prepared_len(isa) * size_of::<WeightLine>(),
            arena_bytes: network.arena_bytes(),
            least_arena_bytes: model.header().plan.least_arena_bytes(),
            stack_bytes: stack_of(model, isa),
        }
    }
}

fn stack_of(model: &Model<'_>, isa: Isa) -> Option<usize> {
    let mut memory = Vec::new();
    let model = models::prepared(model, isa, &mut memory);
    let mut arena = Box::new(Arena::<MAX_ARENA_BYTES>::new());
    stack::taken_by(|| _ = model.network().run(isa, &mut arena[..]))
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parameters, mmac, file_bytes, weight_bytes, prepared_bytes, arena_bytes, .. } = self;
        write!(f, "{parameters} parameters, {mmac:.2} MMAC; bytes: file {file_bytes}, weights {weight_bytes}, ")?;
        if *prepared_bytes > 0 {
            write!(f, "prepared {prepared_bytes}, ")?;
        }
        write!(f, "arena {arena_bytes} (least possible {}), ", self.least_arena_bytes)?;
        match self.stack_bytes {
            Some(bytes) => write!(f, "stack {bytes}"),
            None => f.write_str("stack unknown"),
        }
    }
}

#[cfg(all(test, feature = "embedded-models"))]
mod tests {
    use super::*;
    use moodbox_shared::model::Task;

    #[test]
    fn no_network_takes_more_stack_than_the_engine_promises() {
        let page_bytes = rustix::param::page_size();
        for task in [Task::Face, Task::Speech] {
            let model = models::open(task, None).unwrap();
            for isa in Isa::available() {
                let taken = stack_of(&model, isa).unwrap();
                println!("{task}, {}: {taken} bytes", isa.name());
                // Measured in whole pages, with what it takes to call and to look.
                let promised = moodbox_shared::nn::STACK_BYTES + 2 * page_bytes;
                assert!(taken <= promised, "{task}, {}: {taken} bytes", isa.name());
            }
        }
    }

    #[test]
    fn figures_are_printed_for_people() {
        let footprint = Footprint {
            parameters: 10,
            mmac: 1.234,
            file_bytes: 900,
            weight_bytes: 500,
            prepared_bytes: 800,
            arena_bytes: 64,
            least_arena_bytes: 48,
            stack_bytes: Some(4_096),
        };
        let expected = "10 parameters, 1.23 MMAC; bytes: file 900, weights 500, prepared 800, arena 64 (least possible 48), stack 4096";
        assert_eq!(footprint.to_string(), expected);
        let unknown = Footprint { stack_bytes: None, prepared_bytes: 0, ..footprint }.to_string();
        assert!(unknown.ends_with("weights 500, arena 64 (least possible 48), stack unknown"), "{unknown}");
    }
}
