//! Kernels for processors with vectors: the same numbers as the scalar ones, bit for bit, sooner.
//!
//! A convolution goes over the input in bands ([`band`]) and over a band in tiles of a few places and eight outputs ([`sweep`]); how a tile
//! is summed and requantised in registers is the processor's own matter. [`run`] chooses. This is the only folder with `unsafe` code.

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod band;
pub mod peak;
mod sweep;
#[cfg(test)]
mod tests;
mod windows;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use super::Isa;
use super::isa::Instructions;
use super::network::Kernel;

/// Whether there are kernels that read prepared weights and are faster for it. With VNNI an instruction of the plain
/// kernels sums four times the products.
#[cfg(target_arch = "x86_64")]
pub(super) fn reads_prepared(isa: Isa) -> bool {
    isa.0 == Instructions::Avx2
}

/// Whether there are kernels that read prepared weights and are faster for it.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn reads_prepared(_: Isa) -> bool {
    false
}

/// Computes a layer that reads one tensor; those that read two are [`run_two`]'s.
pub(super) fn run(isa: Isa, kernel: &Kernel<'_>, input: &[i8], output: &mut [i8]) {
    match isa.0 {
        Instructions::Scalar => kernel.run(input, output),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa` that names these instructions exists only where the processor has them.
        Instructions::Avx2 => unsafe { x86_64::avx2::run(kernel, input, output) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Instructions::AvxVnni => unsafe { x86_64::vnni::run(kernel, input, output) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Instructions::Avx512Vnni => unsafe { x86_64::avx512::run(kernel, input, output) },
        #[cfg(target_arch = "aarch64")]
        // SAFETY: as above.
        Instructions::Neon => unsafe { aarch64::run_neon(kernel, input, output) },
        #[cfg(target_arch = "aarch64")]
        // SAFETY: as above.
        Instructions::DotProd => unsafe { aarch64::run_dotprod(kernel, input, output) },
    }
}

/// Computes a layer that reads two tensors.
pub(super) fn run_two(isa: Isa, kernel: &Kernel<'_>, inputs: [&[i8]; 2], output: &mut [i8]) {
    match isa.0 {
        Instructions::Scalar => kernel.run_two(inputs, output),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa` that names these instructions exists only where the processor has them, and both of these have AVX2.
        Instructions::Avx2 | Instructions::AvxVnni => unsafe { x86_64::avx2::run_two(kernel, inputs, output) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Instructions::Avx512Vnni => unsafe { x86_64::avx512::run_two(kernel, inputs, output) },
        #[cfg(target_arch = "aarch64")]
        // SAFETY: an `Isa` that names these instructions exists only where the processor has them, and both of these have NEON.
        Instructions::Neon | Instructions::DotProd => unsafe { aarch64::run_two(kernel, inputs, output) },
    }
}

/// The first `N` numbers, or the first `count` and zeros.
#[inline(always)]
fn first_of<const N: usize>(numbers: &[i8], count: usize) -> [i8; N] {
    let mut first = [0; N];
    match numbers.first_chunk() {
        Some(whole) if count == N => first = *whole,
        _ => first[..count].copy_from_slice(&numbers[..count]),
    }
    first
}
