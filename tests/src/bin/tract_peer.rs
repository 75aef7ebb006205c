//! Runs an ONNX network in tract, again and again on one input, for those who compare: times, allocations, instructions.
//!
//! ```text
//! cargo run --release -p moodbox-tests --features tract --bin tract_peer -- --model models/face.int8.onnx --runs 1000
//! ```
//!
//! Prints JSON: `nanoseconds` of each run, `allocations` of the last one, and `logits`. tract computes on one thread; the network is
//! optimised once, and each run gives the engine the input anew and takes the output out, in memory that the engine has from the runs
//! before where it keeps any.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use moodbox_tests::counting_allocator::{CountingAllocator, counting};
use std::path::PathBuf;
use std::time::Instant;
use tract_onnx::prelude::*;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Runs an ONNX network in tract.
#[derive(Parser)]
struct Arguments {
    /// The network: one input and one output, both float.
    #[arg(long, value_name = "FILE.onnx")]
    model: PathBuf,
    /// What it reads: little-endian floats in the order of the network's own input [default: noise in 0..1].
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// How often it runs.
    #[arg(long, default_value_t = 200)]
    runs: usize,
    /// Runs before these, which nobody times.
    #[arg(long, default_value_t = 10)]
    warm_up: usize,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let model = onnx().model_for_path(&arguments.model)?.into_optimized()?;
    let dims = model
        .input_fact(0)?
        .shape
        .as_concrete()
        .context("the network leaves the size of its input open: export it with a fixed one")?
        .to_vec();
    let len = dims.iter().product();
    let input = match &arguments.input {
        Some(path) => {
            let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            bytes.as_chunks().0.iter().map(|&number| f32::from_le_bytes(number)).collect()
        }
        None => noise(len),
    };
    ensure!(input.len() == len, "the network reads {len} numbers, the file has {}", input.len());
    let mut state = model.into_runnable()?.spawn()?;
    let mut run = || -> Result<Vec<f32>> {
        let outputs = state.run(tvec!(Tensor::from_shape(&dims, &input)?.into()))?;
        Ok(outputs[0].try_as_plain_ram()?.as_slice()?.to_vec())
    };
    for _ in 0..arguments.warm_up {
        run()?;
    }
    let mut nanoseconds = Vec::with_capacity(arguments.runs);
    let (mut logits, mut allocations) = (Vec::new(), 0);
    for _ in 0..arguments.runs {
        let start = Instant::now();
        let (result, count) = counting(&mut run);
        nanoseconds.push(start.elapsed().as_nanos() as u64);
        (logits, allocations) = (result?, count);
    }
    println!("{}", serde_json::json!({ "nanoseconds": nanoseconds, "allocations": allocations, "logits": logits }));
    Ok(())
}

/// A linear congruential generator, its top bits as numbers in 0..1.
fn noise(count: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32
    };
    std::iter::repeat_with(next).take(count).collect()
}
