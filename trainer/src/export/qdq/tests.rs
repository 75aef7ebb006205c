//! What the twin's file says; whether it computes the same is tested where there is an engine to ask (`tests/tests/twin.rs`).

use super::layers::permuted;
use super::*;
use moodbox_shared::model::{self, Header, Operation};
use moodbox_shared::nn::ClampRange;
use onnx_ir::{Message, ModelProto, NodeProto};
use std::fs;
use std::path::PathBuf;

fn shipped(name: &str) -> Vec<u8> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../models")).join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The nodes of the twin of the shipped face network with a change.
fn nodes(change: impl FnOnce(&mut Header)) -> Vec<NodeProto> {
    let file = shipped("face.moodnet");
    let (mut header, data) = model::read_header(&file).unwrap();
    change(&mut header);
    let twin = to_qdq(&model::write(&header, data).unwrap()).unwrap();
    ModelProto::parse_from_bytes(&twin).unwrap().graph.node.clone()
}

/// Changes the range and the zero point of the first layer's output.
fn with_range(zero_point: i8, range: ClampRange) -> impl FnOnce(&mut Header) {
    move |header| {
        let layer = &mut header.plan.layers[0];
        layer.output.quantization.zero_point = zero_point;
        let Operation::Conv2d { range: own, .. } = &mut layer.operation else { panic!("begins with a convolution") };
        *own = range;
    }
}

#[test]
fn the_shipped_twins_are_those_of_the_shipped_models() {
    for name in ["face", "face-fer2013", "speech"] {
        let twin = to_qdq(&shipped(&format!("{name}.moodnet"))).unwrap();
        // Not compared with `assert_eq!`, which would print hundreds of kilobytes.
        assert!(
            twin == shipped(&format!("{name}.int8.onnx")),
            "models/{name}.int8.onnx is out of date: `moodbox-trainer export --model models/{name}.moodnet --out models/{name}.int8.onnx`"
        );
    }
}

#[test]
fn a_file_that_the_box_refuses_has_no_twin() {
    let mut file = shipped("face.moodnet");
    file.pop();
    assert!(matches!(to_qdq(&file), Err(OnnxError::Model(_))));
}

#[test]
fn a_range_that_int8_does_not_say_is_spelled_out() {
    let activations = |zero_point, range| {
        let nodes = nodes(with_range(zero_point, range));
        let of_first =
            |node: &&NodeProto| node.name.starts_with("layer_0.") && ["Relu", "Clip"].contains(&&*node.op_type);
        nodes.iter().filter(of_first).map(|node| node.op_type.clone()).collect::<Vec<_>>()
    };
    assert!(activations(-128, ClampRange::FULL).is_empty(), "the lowest number is zero");
    assert_eq!(activations(-100, ClampRange { min: -100, max: 127 }), ["Relu"]);
    assert_eq!(activations(-128, ClampRange { min: -128, max: 90 }), ["Clip"]);
}

#[test]
fn axes_change_places_with_their_numbers() {
    let numbers: Vec<i8> = (0..6).collect();
    assert_eq!(permuted([1, 2, 3], [0, 2, 1], &numbers), [0, 3, 1, 4, 2, 5]);
    assert_eq!(permuted([3, 2, 1], [1, 2, 0], &numbers), [0, 2, 4, 1, 3, 5]);
    assert_eq!(permuted([1, 2, 3], [0, 1, 2], &numbers), numbers);
}
