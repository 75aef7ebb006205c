//! Weights, biases and factors that a kernel could not bear.

use super::*;

/// The parts of the sample's convolution, 3 × 3 × 1 to 4 outputs: a block of eight outputs, three rows of a quad each.
const WEIGHTS: usize = 0;
const BIASES: usize = sample::CONV_BIAS_AT;
const OUTPUTS: usize = 8;
const ARRAY: usize = OUTPUTS * size_of::<i32>();
const MULTIPLIERS: usize = BIASES + ARRAY;
const SHIFTS: usize = BIASES + 2 * ARRAY;
const SUMS: usize = BIASES + 3 * ARRAY;

/// What the reader says to the sample's data after a change.
fn spoiled(change: impl FnOnce(&mut Vec<u8>)) -> ModelError {
    let (header, mut data) = sample::face();
    change(&mut data);
    match write(&header, &data) {
        Err(WriteError::Refused(error)) => error,
        other => panic!("not refused: {other:?}"),
    }
}

/// What is wrong with the convolution if four bytes of its parameters are others.
fn fault_of(at: usize, value: i32) -> Fault {
    match spoiled(|data| data[at..at + 4].copy_from_slice(&value.to_le_bytes())) {
        ModelError::Layer { layer: 0, fault } => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn weights_are_not_minus_128() {
    assert_eq!(fault_of(WEIGHTS, i32::from_le_bytes([1, 0x80, 1, 0])), Fault::Weight);
    // Nor are a depthwise convolution's, which is the second layer.
    let Operation::Depthwise { parameters, .. } = sample::face().0.plan.layers[1].operation else { panic!() };
    let error = spoiled(|data| data[parameters as usize + 35] = 0x80);
    assert_eq!(error, ModelError::Layer { layer: 1, fault: Fault::Weight });
}

#[test]
fn packed_weights_are_filled_up_with_zeros() {
    // The fourth of a row of three, and an output that there is not.
    assert_eq!(fault_of(WEIGHTS, i32::from_le_bytes([1, 1, 1, 1])), Fault::Weight);
    assert_eq!(fault_of(WEIGHTS + 4 * 4, 1), Fault::Weight);
}

#[test]
fn sums_stay_within_32_bits() {
    for bias in [i32::MAX, i32::MIN, i32::MAX - 9 * 127 * 128 + 1] {
        assert_eq!(fault_of(BIASES, bias), Fault::Requantisation, "{bias}");
    }
    let (header, mut data) = sample::face();
    data[BIASES..BIASES + 4].copy_from_slice(&(i32::MAX - 9 * 127 * 128).to_le_bytes());
    let _ = logits(&write(&header, &data).unwrap(), 127);
}

#[test]
fn factors_are_below_one() {
    for multiplier in [-5, 0, 1, (1 << 30) - 1, i32::MIN] {
        assert_eq!(fault_of(MULTIPLIERS, multiplier), Fault::Requantisation, "{multiplier}");
    }
    for shift in [30, 63, -1, 0, i32::MAX, i32::MIN] {
        assert_eq!(fault_of(SHIFTS, shift), Fault::Requantisation, "{shift}");
    }
}

#[test]
fn sums_of_weights_are_those_of_the_weights() {
    assert_eq!(fault_of(SUMS, 0), Fault::Requantisation);
}

#[test]
fn channels_that_there_are_not_have_no_numbers() {
    for array in [BIASES, MULTIPLIERS, SHIFTS, SUMS] {
        assert_eq!(fault_of(array + 4 * 4, 1), Fault::Requantisation, "{array}");
    }
}

#[test]
fn parameters_lie_within_the_file() {
    let (header, data) = sample::face();
    for (wrong, expected) in [
        (u32::MAX, Fault::Alignment),
        (3, Fault::Alignment),
        (u32::MAX - 15, Fault::OutsideData),
        (data.len() as u32, Fault::OutsideData),
        (data.len() as u32 - 16, Fault::OutsideData),
    ] {
        let found = fault(0, |layer| match &mut layer.operation {
            Operation::Conv2d { parameters, .. } => *parameters = wrong,
            other => panic!("{other:?}"),
        });
        assert_eq!(found, expected, "{wrong}");
    }
    // The last layer's last byte is the file's last one.
    let shorter = write(&header, &data[..data.len() - 16]);
    let error = ModelError::Layer { layer: header.plan.layers.len() - 1, fault: Fault::OutsideData };
    assert_eq!(shorter, Err(WriteError::Refused(error)));
}

#[test]
fn what_lies_between_parameters_is_zero() {
    // 36 weights of the depthwise convolution are followed by twelve bytes.
    let Operation::Depthwise { parameters, .. } = sample::face().0.plan.layers[1].operation else { panic!() };
    let error = spoiled(|data| data[parameters as usize + 36] = 1);
    assert_eq!(error, ModelError::Layer { layer: 1, fault: Fault::Filling });
}
