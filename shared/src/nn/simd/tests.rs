//! Every processor's kernels give what the scalar ones give.

extern crate std;

use crate::nn::add::Add;
use crate::nn::channels::OutputRange;
use crate::nn::conv::Conv2d;
use crate::nn::network::Kernel;
use crate::nn::test_layers::{self, Layer, Reads};
use crate::nn::winograd::{Prepared, Tiling};
use crate::nn::{ClampRange, Isa, Quantization, WeightLine, multiply_in_registers};
use proptest::array::uniform3;
use proptest::collection::vec;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

/// Whether all instructions that this processor has give the numbers of the scalar kernel.
fn agree(kernel: &Kernel<'_>, layer: &Layer) {
    let mut expected = test_layers::blank(layer.output);
    kernel.run(&layer.values, &mut expected);
    for isa in Isa::available() {
        let mut got = test_layers::blank(layer.output);
        super::run(isa, kernel, &layer.values, &mut got);
        assert_eq!(got, expected, "{}", isa.name());
    }
}

proptest! {
    #[test]
    fn convolutions_of_any_shape(layer in test_layers::windowed(Reads::Every)) {
        agree(&Kernel::Conv2d(layer.conv2d()), &layer);
    }

    #[test]
    fn convolutions_that_take_several_bands(layer in test_layers::large()) {
        agree(&Kernel::Conv2d(layer.conv2d()), &layer);
    }

    #[test]
    fn convolutions_from_transformed_weights(layer in test_layers::preparable()) {
        let conv = layer.conv2d();
        for tiling in Tiling::all_for(&conv) {
            let mut lines = vec![WeightLine::ZERO; tiling.lines(&conv)];
            let prepared = Some(Prepared::new(&conv, tiling, &mut lines));
            agree(&Kernel::Conv2d(Conv2d { prepared, ..conv }), &layer);
        }
    }

    #[test]
    fn depthwise_convolutions_of_any_shape(layer in test_layers::windowed(Reads::ItsOwn)) {
        agree(&Kernel::Depthwise(layer.depthwise()), &layer);
    }

    #[test]
    fn sums_of_any_scales(
        values in vec(any::<(i8, i8)>(), 1..70),
        scales in uniform3(0.001..10.0_f32),
        zero_points in any::<[i8; 3]>(),
        ends in any::<(i8, i8)>(),
    ) {
        let inputs = [0, 1].map(|input| Quantization { scale: scales[input], zero_point: zero_points[input] });
        let clamp = ClampRange { min: ends.0.min(ends.1), max: ends.0.max(ends.1) };
        let output_range = OutputRange { zero_point: zero_points[2], clamp };
        let add = Add::new(inputs, scales[2], output_range);
        prop_assume!(add.is_some());
        let kernel = Kernel::Add(add.unwrap(), 0..0);
        let (left, right): (Vec<i8>, Vec<i8>) = values.into_iter().unzip();
        let mut expected = vec![99; left.len()];
        kernel.run_two([&left, &right], &mut expected);
        for isa in Isa::available() {
            let mut got = vec![99; left.len()];
            super::run_two(isa, &kernel, [&left, &right], &mut got);
            prop_assert_eq!(&got, &expected, "{}", isa.name());
        }
    }

    #[test]
    fn dense_layers_of_any_length(layer in test_layers::dense()) {
        agree(&Kernel::Dense(layer.dense()), &layer);
    }
}

#[test]
fn the_peak_counts_what_it_multiplies() {
    for isa in Isa::available() {
        let products = multiply_in_registers(isa, 1000);
        assert!(isa == Isa::SCALAR && products == 0 || products >= 1000 * 16, "{}", isa.name());
    }
}
