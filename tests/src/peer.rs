//! How the Rust programs talk to `tests/peers/networks.py`, which lets engines run one network in turns: inputs come in a file, times and
//! logits go out as JSON.

use crate::counting_allocator::counting;
use anyhow::ensure;
use serde_json::{Value, json};
use std::time::Instant;

/// How often a network is run.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Runs {
    /// Runs of which the times are told.
    #[arg(long, default_value_t = 200)]
    runs: usize,
    /// Runs before these.
    #[arg(long, default_value_t = 20)]
    warm_up: usize,
}

/// Runs a network on each input, then again and again on the first one, and tells what came out.
///
/// * `inputs`: one after the other, `input_len` numbers each
/// * `run`: computes an input's logits, as they are: steps of an int8 network
///
/// Returns `outputs` (the logits of each input), `nanoseconds` (of each run) and `allocations` (of the last run; the program must have the
/// [`CountingAllocator`](crate::counting_allocator::CountingAllocator)).
pub fn measure<T>(
    inputs: &[T],
    input_len: usize,
    Runs { runs, warm_up }: Runs,
    mut run: impl FnMut(&[T], &mut Vec<f32>) -> anyhow::Result<()>,
) -> anyhow::Result<Value> {
    ensure!(!inputs.is_empty() && inputs.len().is_multiple_of(input_len), "an input has {input_len} numbers");
    let mut logits = Vec::new();
    let mut again = |input, logits: &mut Vec<f32>| {
        logits.clear();
        run(input, logits)
    };
    let mut outputs = Vec::new();
    for input in inputs.chunks_exact(input_len) {
        again(input, &mut logits)?;
        outputs.push(logits.clone());
    }
    let first = &inputs[..input_len];
    for _ in 0..warm_up {
        again(first, &mut logits)?;
    }
    let mut nanoseconds = Vec::with_capacity(runs);
    let mut allocations = 0;
    for _ in 0..runs {
        let start = Instant::now();
        let (result, requests) = counting(|| again(first, &mut logits));
        nanoseconds.push(start.elapsed().as_nanos() as u64);
        result?;
        allocations = requests;
    }
    Ok(json!({ "outputs": outputs, "nanoseconds": nanoseconds, "allocations": allocations }))
}
