//! Plans that contradict themselves, each by one number: every [`Fault`] has its story.

use super::*;
use crate::nn::Quantization;

/// What is wrong with one layer of the sample after a change.
fn fault(layer: usize, change: impl FnOnce(&mut LayerDescription)) -> Fault {
    match refused(|header| change(&mut header.plan.layers[layer])) {
        ModelError::Layer { layer: found, fault } if found == layer => fault,
        other => panic!("{other:?}"),
    }
}

const ADD: usize = 3;
const CONCAT: usize = 4;

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
