//! Networks whose weights were transformed.

use super::*;
use crate::nn::WeightLine;
use std::boxed::Box;
use std::vec;

const SHIPPED: [&[u8]; 2] = [
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../models/face.moodnet")),
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../models/speech.moodnet")),
];

/// As much as a model can make use of.
fn memory(file: &[u8], isa: Isa) -> Vec<WeightLine> {
    vec![WeightLine::ZERO; Model::load(file).unwrap().network().prepared_len(isa)]
}

/// The outputs of all layers, one after the other.
fn outputs(model: &Model<'_>, isa: Isa) -> Vec<i8> {
    let network = model.network();
    let mut arena = Box::new(Arena::<MAX_ARENA_BYTES>::new());
    for (place, number) in network.input_mut(&mut arena[..]).iter_mut().enumerate() {
        *number = (place * 37 % 251) as u8 as i8;
    }
    let mut outputs = Vec::new();
    network.run_observed(isa, &mut arena[..], |_, numbers| outputs.extend_from_slice(numbers));
    outputs
}

#[test]
fn preparing_a_shipped_network_changes_no_number() {
    for file in SHIPPED {
        let expected = outputs(&Model::load(file).unwrap(), Isa::SCALAR);
        for isa in Isa::available() {
            let mut lines = memory(file, isa);
            let mut model = Model::load(file).unwrap();
            // Kernels for AVX2 have a use for prepared weights.
            assert_eq!(lines.is_empty(), isa.name() != "avx2");
            model.prepare(isa, &mut lines);
            assert_eq!(outputs(&model, isa), expected, "{}", isa.name());
        }
    }
}

#[test]
fn memory_for_some_layers_prepares_these() {
    let expected = outputs(&Model::load(SHIPPED[0]).unwrap(), Isa::SCALAR);
    let isa = Isa::best();
    let mut lines = memory(SHIPPED[0], isa);
    let some = lines.len() / 2;
    let mut model = Model::load(SHIPPED[0]).unwrap();
    model.prepare(isa, &mut lines[..some]);
    assert_eq!(outputs(&model, isa), expected);
}
