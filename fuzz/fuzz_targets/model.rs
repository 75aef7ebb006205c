//! Any bytes: the reader refuses them, or the network in them runs, with the same numbers on every set of instructions.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use moodbox_fuzz::{infer, mutate, tally::Tally};

static TALLY: Tally = Tally::new();

fuzz_target!(|file: &[u8]| {
    TALLY.count(infer::load_and_infer(file));
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mutated = mutate::mutate(&data[..size], max_size, seed, |bytes| {
        let size = bytes.len();
        let room = size + 64;
        bytes.resize(room, 0);
        let size = fuzzer_mutate(bytes, size, room);
        bytes.truncate(size);
    });
    let size = mutated.len().min(max_size);
    data[..size].copy_from_slice(&mutated[..size]);
    size
});
