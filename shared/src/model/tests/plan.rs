//! Plans that contradict themselves, each by one number: every [`Fault`] has its story.

use super::*;
use crate::nn::{ClampRange, Quantization, Shape, Window};

const CONV: usize = 0;
const DEPTHWISE: usize = 1;
const MAX_POOL: usize = 2;
const ADD: usize = 3;
const CONCAT: usize = 4;
const AVERAGE_POOL: usize = 5;
const MEAN: usize = 6;
const DENSE: usize = 7;

#[test]
fn tensors_lie_within_the_arena() {
    let large = refused(|header| header.plan.arena_bytes = MAX_ARENA_BYTES as u32 + 1);
    assert_eq!(large, ModelError::ArenaTooLarge { bytes: MAX_ARENA_BYTES as u32 + 1 });
    let outside = refused(|header| header.plan.input.offset = header.plan.arena_bytes.next_multiple_of(16));
    assert_eq!(outside, ModelError::InputTensor { fault: Fault::OutsideArena });
    assert_eq!(fault(CONV, |layer| layer.output.offset = u32::MAX - 15), Fault::OutsideArena);
    assert_eq!(fault(CONV, |layer| layer.output.offset += 1), Fault::Alignment);
    // The last byte of the concatenation is the arena's last one.
    let short = refused(|header| header.plan.arena_bytes -= 1);
    assert_eq!(short, ModelError::Layer { layer: CONCAT, fault: Fault::OutsideArena });
    // Whose length no 32 bits hold.
    let endless = refused(|header| header.plan.input.shape = Shape { height: 65_535, width: 65_535, channels: 65_535 });
    assert_eq!(endless, ModelError::InputTensor { fault: Fault::OutsideArena });
}

#[test]
fn tensors_that_are_needed_together_lie_apart() {
    let overlap =
        refused(|header| header.plan.layers[DEPTHWISE].output.offset = header.plan.layers[CONV].output.offset);
    assert_eq!(overlap, ModelError::Overlap { first: 1, second: 2 });
    // The addition reads the depthwise convolution's output after the max pool has written.
    let overlap =
        refused(|header| header.plan.layers[MAX_POOL].output.offset = header.plan.layers[DEPTHWISE].output.offset);
    assert_eq!(overlap, ModelError::Overlap { first: 2, second: 3 });
    // The logits are there until the run ends, even if a layer before the last one could do without.
    let overlap = refused(|header| header.plan.layers[DENSE].output.offset = header.plan.layers[MEAN].output.offset);
    assert_eq!(overlap, ModelError::Overlap { first: 7, second: 8 });
    // One byte is enough.
    let overlap = refused(|header| header.plan.layers[MEAN].output.offset = 8 * 8 * 8 - 16);
    assert_eq!(overlap, ModelError::Overlap { first: 6, second: 7 });
}

#[test]
fn layers_read_what_is_there() {
    assert_eq!(refused(|header| header.plan.layers.clear()), ModelError::NoLayers);
    assert_eq!(fault(CONV, |layer| layer.input = 1), Fault::Reads);
    assert_eq!(fault(CONV, |layer| layer.input = u16::MAX), Fault::Reads);
    assert_eq!(fault(DENSE, |layer| layer.input = DENSE as u16 + 1), Fault::Reads);
    for wrong in [3, 4, u16::MAX] {
        let reads = |layer: &mut LayerDescription| match &mut layer.operation {
            Operation::Add { other, .. } => *other = wrong,
            other => panic!("{other:?}"),
        };
        assert_eq!(fault(ADD, reads), Fault::Reads, "{wrong}");
    }
}

#[test]
fn outputs_have_the_shape_that_the_operation_gives() {
    for layer in [CONV, DEPTHWISE, MAX_POOL, ADD, CONCAT, AVERAGE_POOL, MEAN] {
        assert_eq!(
            fault(layer, |layer| layer.output.shape.height = if layer.output.shape.height == 1 { 2 } else { 1 }),
            Fault::Shape,
            "{layer}"
        );
        assert_eq!(fault(layer, |layer| layer.output.shape.width = 2), Fault::Shape, "{layer}");
        assert_eq!(fault(layer, |layer| layer.output.shape.channels = 0), Fault::Empty, "{layer}");
    }
    for layer in [DEPTHWISE, MAX_POOL, ADD, CONCAT, AVERAGE_POOL, MEAN] {
        assert_eq!(fault(layer, |layer| layer.output.shape.channels -= 1), Fault::Shape, "{layer}");
    }
    // 2 × 1 × 1 numbers are as many, and not the same.
    assert_eq!(fault(DENSE, |layer| layer.output.shape = Shape { height: 2, width: 1, channels: 1 }), Fault::Shape);
    assert_eq!(fault(MEAN, |layer| layer.output.shape.height = 2), Fault::Shape);
    assert_eq!(fault(ADD, |layer| layer.input = 0), Fault::Shape);
    assert_eq!(refused(|header| header.plan.input.shape.width = 0), ModelError::InputTensor { fault: Fault::Empty });
}

/// Changes the window of a layer that has one.
fn slides(change: impl FnOnce(&mut Window)) -> impl FnOnce(&mut LayerDescription) {
    |layer| match &mut layer.operation {
        Operation::Conv2d { window, .. }
        | Operation::Depthwise { window, .. }
        | Operation::MaxPool { window }
        | Operation::AveragePool { window } => change(window),
        other => panic!("{other:?}"),
    }
}

#[test]
fn windows_slide() {
    for layer in [CONV, DEPTHWISE, MAX_POOL, AVERAGE_POOL] {
        for axis in 0..2 {
            assert_eq!(fault(layer, slides(|window| window.stride[axis] = 0)), Fault::Shape, "{layer}");
            assert_eq!(fault(layer, slides(|window| window.kernel[axis] = 0)), Fault::Shape, "{layer}");
            assert_eq!(fault(layer, slides(|window| window.kernel[axis] = 60)), Fault::Shape, "{layer}");
        }
    }
    // Windows that would see nothing but padding.
    for layer in [CONV, DEPTHWISE, MAX_POOL] {
        for side in 0..4 {
            assert_eq!(fault(layer, slides(|window| window.padding[side] = 3)), Fault::Shape, "{layer}");
        }
    }
    for side in 0..4 {
        assert_eq!(fault(AVERAGE_POOL, slides(|window| window.padding[side] = 1)), Fault::Padding);
    }
    assert_eq!(fault(CONV, slides(|window| window.kernel = [u16::MAX; 2])), Fault::WindowTooLarge);
    assert_eq!(
        fault(CONV, slides(|window| window.kernel = [1, crate::nn::MAX_PATCH as u16 + 1])),
        Fault::WindowTooLarge
    );
}

#[test]
fn scales_make_sense() {
    for scale in [f32::NAN, f32::INFINITY, 0.0, -0.5, 1e-13, 1e13, f32::MIN_POSITIVE] {
        assert_eq!(fault(CONV, |layer| layer.output.quantization.scale = scale), Fault::Scale, "{scale}");
        let input = refused(|header| header.plan.input.quantization.scale = scale);
        assert_eq!(input, ModelError::InputTensor { fault: Fault::Scale }, "{scale}");
    }
    // A mean of 64 numbers has steps that are larger than a 64th of its input's.
    assert_eq!(fault(MEAN, |layer| layer.output.quantization.scale = 0.5 / 65.0), Fault::Scale);
    assert_eq!(fault(ADD, |layer| layer.output.quantization.scale = 1e-12), Fault::Scale);
    for layer in [MAX_POOL, AVERAGE_POOL] {
        assert_eq!(fault(layer, |layer| layer.output.quantization.scale *= 1.5), Fault::Rescales);
        assert_eq!(fault(layer, |layer| layer.output.quantization.zero_point += 1), Fault::Rescales);
    }
}

#[test]
fn outputs_have_somewhere_to_lie() {
    for layer in [CONV, DEPTHWISE, ADD, DENSE] {
        let empty = |layer: &mut LayerDescription| match &mut layer.operation {
            Operation::Conv2d { range, .. }
            | Operation::Depthwise { range, .. }
            | Operation::Add { range, .. }
            | Operation::Dense { range, .. } => *range = ClampRange { min: 1, max: 0 },
            other => panic!("{other:?}"),
        };
        assert_eq!(fault(layer, empty), Fault::Range, "{layer}");
    }
}

#[test]
fn a_concatenation_joins_two_tensors_of_one_height_and_width() {
    let joins = |other| move |layer: &mut LayerDescription| layer.operation = Operation::Concat { other };
    // Itself, the output, one that comes later, one that never comes, and the input, which is 32 × 32.
    assert_eq!(fault(CONCAT, joins(4)), Fault::Reads);
    assert_eq!(fault(CONCAT, joins(5)), Fault::Reads);
    assert_eq!(fault(CONCAT, joins(6)), Fault::Reads);
    assert_eq!(fault(CONCAT, joins(u16::MAX)), Fault::Reads);
    assert_eq!(fault(CONCAT, joins(0)), Fault::Shape);
    for channels in [4, 7] {
        assert_eq!(fault(CONCAT, |layer| layer.output.shape.channels = channels), Fault::Shape);
    }
    assert_eq!(fault(CONCAT, |layer| layer.output.shape.height -= 1), Fault::Shape);
    let wider = refused(|header| {
        header.plan.arena_bytes *= 2;
        header.plan.layers[CONCAT].output.shape.channels += 1;
    });
    assert_eq!(wider, ModelError::Layer { layer: CONCAT, fault: Fault::Shape });
}

#[test]
fn a_concatenation_never_makes_steps_smaller() {
    let quantised = |scale, zero_point| {
        move |layer: &mut LayerDescription| {
            layer.output.quantization = Quantization { scale, zero_point };
        }
    };
    assert_eq!(fault(CONCAT, quantised(0.4, -3)), Fault::Scale);
    // The same steps from another zero would be a factor of one.
    assert_eq!(fault(CONCAT, quantised(0.5, -2)), Fault::Scale);
    assert_eq!(fault(CONCAT, quantised(1e12, -3)), Fault::Scale);
    // With larger ones it is fine, and the pool after it is the one that can't.
    assert_eq!(
        refused(|header| quantised(0.6, 7)(&mut header.plan.layers[CONCAT])),
        ModelError::Layer { layer: CONCAT + 1, fault: Fault::Rescales }
    );
}

#[test]
fn the_second_tensor_of_a_layer_is_needed_as_the_first() {
    // The concatenation still reads the max pool's output when the addition writes.
    let overlap = refused(|header| header.plan.layers[ADD].output.offset = header.plan.layers[2].output.offset);
    assert_eq!(overlap, ModelError::Overlap { first: 3, second: 4 });
    // And it must not write over what it reads.
    let overlap = refused(|header| header.plan.layers[CONCAT].output.offset = 0);
    assert_eq!(overlap, ModelError::Overlap { first: 3, second: 5 });
}

#[test]
fn the_least_arena_is_what_is_needed_at_once() {
    // The concatenation reads two maps of 16 × 16 × 4 and makes one of twice as many channels.
    let (header, _) = sample::face();
    assert_eq!(header.plan.least_arena_bytes(), 4 * 16 * 16 * 4);
    assert_eq!(header.plan.least_arena_bytes(), header.plan.arena_bytes as usize);
    // Without it, the addition: two maps and the sum.
    let mut shorter = header.plan;
    shorter.layers.truncate(CONCAT);
    assert_eq!(shorter.least_arena_bytes(), 3 * 16 * 16 * 4);
}
