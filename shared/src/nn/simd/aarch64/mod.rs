//! aarch64: vectors of 128 bits. NEON is what every processor has, the dot products of ARMv8.2 are what some have besides; they differ in
//! [`multiply::Multiply`] alone.

mod add;
mod dense;
mod depthwise;
mod dotprod;
mod multiply;
mod neon;
mod requantise;

use self::dotprod::DotProd;
use self::multiply::Multiply;
use self::neon::Neon;
use super::sweep;
use crate::nn::network::Kernel;

/// Computes a layer that reads one tensor.
#[target_feature(enable = "neon")]
pub(super) fn run_neon(kernel: &Kernel<'_>, input: &[i8], output: &mut [i8]) {
    // SAFETY: the processor has NEON.
    run(unsafe { Neon::new() }, kernel, input, output);
}

/// Computes a layer that reads one tensor.
#[target_feature(enable = "neon,dotprod")]
pub(super) fn run_dotprod(kernel: &Kernel<'_>, input: &[i8], output: &mut [i8]) {
    // SAFETY: the processor has dot products.
    run(unsafe { DotProd::new() }, kernel, input, output);
}

#[target_feature(enable = "neon")]
#[inline]
fn run(multiply: impl Multiply, kernel: &Kernel<'_>, input: &[i8], output: &mut [i8]) {
    match kernel {
        Kernel::Conv2d(conv) => sweep::conv2d(multiply, conv, input, output),
        Kernel::Depthwise(layer) => depthwise::run(layer, input, output),
        Kernel::Dense(layer) => dense::run(multiply, layer, input, output),
        // Pools: plain code, which the compiler makes vectors of.
        _ => kernel.run(input, output),
    }
}

/// Computes a layer that reads two tensors.
#[target_feature(enable = "neon")]
pub(super) fn run_two(kernel: &Kernel<'_>, inputs: [&[i8]; 2], output: &mut [i8]) {
    match kernel {
        Kernel::Add(sum, _) => add::run(sum, inputs[0], inputs[1], output),
        _ => kernel.run_two(inputs, output),
    }
}
