//! Runs the network of a model again and again on one input, for those who count instructions.
//!
//! ```text
//! cargo run --release -p moodbox-shared --features std --example network -- models/face.moodnet best 1000
//! ```
//!
//! The second argument names the instructions: `best`, or one of those that this processor has. Weights are prepared for them first, as the
//! box does. Prints nothing.

use moodbox_shared::model::{MAX_ARENA_BYTES, Model};
use moodbox_shared::nn::{Arena, Isa, WeightLine};
use std::hint::black_box;
use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [path, isa, runs] = arguments.as_slice() else { return refuse("usage: network FILE.moodnet ISA RUNS") };
    let isa = if isa == "best" { Some(Isa::best()) } else { Isa::available().find(|found| found.name() == isa) };
    let Some(isa) = isa else { return refuse("this processor does not have these instructions") };
    let Ok(runs) = runs.parse() else { return refuse("RUNS is no number") };
    let file = match fs::read(path) {
        Ok(file) => file,
        Err(error) => return refuse(&format!("cannot read {path}: {error}")),
    };
    match Model::load(&file) {
        Ok(model) => run(&model, isa, runs),
        Err(error) => return refuse(&format!("cannot use {path}: {error}")),
    }
    ExitCode::SUCCESS
}

fn run(model: &Model<'_>, isa: Isa, runs: usize) {
    let mut memory = vec![WeightLine::ZERO; model.network().prepared_len(isa)];
    let mut model = model.clone();
    model.prepare(isa, &mut memory);
    let mut arena = Box::new(Arena::<MAX_ARENA_BYTES>::new());
    for _ in 0..runs {
        // A run overwrites its input.
        for (place, number) in model.network().input_mut(&mut arena[..]).iter_mut().enumerate() {
            *number = (place * 89 % 251) as i8;
        }
        black_box(model.network().run(isa, &mut arena[..]));
    }
}

fn refuse(message: &str) -> ExitCode {
    eprintln!("network: {message}");
    ExitCode::from(2)
}
