//! x86-64: vectors of 256 bits with AVX2, and what VNNI adds to them.

mod add;
pub(super) mod avx2;
pub(super) mod avx512;
mod dense;
mod depthwise;
mod requantise;
pub(super) mod vnni;
mod winograd;
