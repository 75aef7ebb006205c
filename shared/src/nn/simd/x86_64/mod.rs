//! x86-64: vectors of 256 bits with AVX2.

mod add;
pub(super) mod avx2;
mod dense;
mod depthwise;
mod requantise;
