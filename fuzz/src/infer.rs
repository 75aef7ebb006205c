//! What is asked of a file: that it is refused, or runs, the same on every set of instructions. The tests ask the same of the corpus.

use moodbox_shared::model::{Model, Operation, Task};
use moodbox_shared::nn::{Isa, WeightLine};

/// Networks that cost more are loaded, not run: a few slow ones would take the time of thousands.
const MAX_COST: u64 = 60_000;

/// How far a file got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The reader returned an error.
    Refused,
    /// It loads, and costs too much to be run.
    Costly,
    /// It loads and runs.
    Ran,
}

/// Loads a file and, if that works, runs it on every set of instructions that this processor has.
///
/// # Panics
///
/// If the sets of instructions disagree, or if a result depends on what lay in the arena before. The arena is as long as the network
/// says and not a byte longer, so that the address sanitizer sees whoever leaves it.
pub fn load_and_infer(file: &[u8]) -> Outcome {
    let Ok(model) = Model::load(file) else { return Outcome::Refused };
    if cost(&model) > MAX_COST {
        return Outcome::Costly;
    }
    let expected = arena_after_run(&model, Isa::SCALAR, 0x55);
    let network = model.network();
    let at = model.header().plan.layers.last().map_or(0, |layer| layer.output.offset as usize);
    let logits = at..at + network.output_len();
    for isa in Isa::available().filter(|isa| *isa != Isa::SCALAR) {
        // The whole arena: nobody writes where the scalar kernels do not.
        assert_eq!(arena_after_run(&model, isa, 0x55), expected, "{} with another arena than scalar", isa.name());
    }
    for isa in Isa::available() {
        // Memory for all layers that can be prepared, or for some.
        let lines = model.network().prepared_len(isa);
        let mut memory = vec![WeightLine::ZERO; if model.crc32() % 4 == 0 { lines / 2 } else { lines }];
        if !memory.is_empty() {
            let mut prepared = model.clone();
            prepared.prepare(isa, &mut memory);
            assert_eq!(arena_after_run(&prepared, isa, 0x55), expected, "{} with prepared weights", isa.name());
            assert_eq!(arena_after_run(&prepared, Isa::SCALAR, 0x55), expected, "scalar with prepared weights");
        }
    }
    // One after the other, from file to file.
    let count = Isa::available().count();
    if let Some(isa) = Isa::available().nth(model.crc32() as usize % count) {
        let other = arena_after_run(&model, isa, -0x2b);
        assert_eq!(other[logits.clone()], expected[logits.clone()], "{} reads what it did not write", isa.name());
    }
    let posteriors: f32 = match model.task() {
        Task::Face => model.face_posteriors(&expected[logits]).as_array().iter().sum(),
        Task::Speech => model.speech_posteriors(&expected[logits]).as_array().iter().sum(),
    };
    assert!((posteriors - 1.0).abs() < 1e-3, "probabilities sum to {posteriors}");
    Outcome::Ran
}

/// What a run leaves in an arena that was full of one number.
fn arena_after_run(model: &Model<'_>, isa: Isa, stale: i8) -> Vec<i8> {
    let network = model.network();
    let mut arena = vec![stale; network.arena_bytes()];
    let (mut state, seed) = (model.crc32() | 1, model.crc32());
    for (index, number) in network.input_mut(&mut arena).iter_mut().enumerate() {
        // Long runs of the extremes, and everything between them.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        *number = match ((index as u32 / 16) ^ seed) % 4 {
            0 => i8::MIN,
            1 => i8::MAX,
            _ => state as i8,
        };
    }
    network.run(isa, &mut arena);
    arena
}

/// Multiplications, and the numbers that pools look at.
fn cost(model: &Model<'_>) -> u64 {
    let pools = model.header().plan.layers.iter().map(|layer| match layer.operation {
        Operation::MaxPool { window } | Operation::AveragePool { window } => {
            layer.output.shape.len() as u64 * u64::from(window.kernel[0]) * u64::from(window.kernel[1])
        }
        _ => layer.output.shape.len() as u64,
    });
    pools.fold(model.network().macs(), u64::saturating_add)
}
