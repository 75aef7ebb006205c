//! The dot products of ARMv8.2: `sdot` multiplies sixteen numbers and adds the products in fours to 32 bits.

use super::multiply::{FOUR, Multiply};
use crate::nn::weights::{BLOCK, QUAD, QuadWeights};
use core::arch::aarch64::{int8x16_t, int32x4_t};
use core::arch::asm;

/// Says that the processor has NEON and dot products.
#[derive(Clone, Copy)]
pub(super) struct DotProd(());

impl DotProd {
    /// # Safety
    ///
    /// The processor has NEON and dot products.
    pub(super) unsafe fn new() -> Self {
        Self(())
    }
}

/// In assembly because the intrinsics are not stable.
impl Multiply for DotProd {
    /// Of outputs 0 to 3, and of 4 to 7.
    type Sums = [int32x4_t; 2];
    const PLACES: usize = 8;

    #[inline(always)]
    fn start(self, biases: [i32; BLOCK]) -> Self::Sums {
        bytemuck::cast(biases)
    }

    #[inline(always)]
    fn add_four(
        self,
        [mut low, mut high]: Self::Sums,
        weights: &[QuadWeights; FOUR],
        quads: [[i8; QUAD]; FOUR],
    ) -> Self::Sums {
        let [[a0, a1], [b0, b1], [c0, c1], [d0, d1]]: [[int8x16_t; 2]; FOUR] = bytemuck::cast(*weights);
        let quads: int8x16_t = bytemuck::cast(quads);
        // SAFETY: registers alone are read and written, and `self` says that the processor has dot products.
        unsafe {
            asm!(
                ".arch_extension dotprod",
                "sdot {low:v}.4s, {a0:v}.16b, {quads:v}.4b[0]",
                "sdot {high:v}.4s, {a1:v}.16b, {quads:v}.4b[0]",
                "sdot {low:v}.4s, {b0:v}.16b, {quads:v}.4b[1]",
                "sdot {high:v}.4s, {b1:v}.16b, {quads:v}.4b[1]",
                "sdot {low:v}.4s, {c0:v}.16b, {quads:v}.4b[2]",
                "sdot {high:v}.4s, {c1:v}.16b, {quads:v}.4b[2]",
                "sdot {low:v}.4s, {d0:v}.16b, {quads:v}.4b[3]",
                "sdot {high:v}.4s, {d1:v}.16b, {quads:v}.4b[3]",
                low = inout(vreg) low,
                high = inout(vreg) high,
                quads = in(vreg) quads,
                a0 = in(vreg) a0,
                a1 = in(vreg) a1,
                b0 = in(vreg) b0,
                b1 = in(vreg) b1,
                c0 = in(vreg) c0,
                c1 = in(vreg) c1,
                d0 = in(vreg) d0,
                d1 = in(vreg) d1,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        [low, high]
    }

    #[inline(always)]
    fn add_one(self, [mut low, mut high]: Self::Sums, weights: &QuadWeights, quad: [i8; QUAD]) -> Self::Sums {
        let [w0, w1]: [int8x16_t; 2] = bytemuck::cast(*weights);
        let quad: int8x16_t = bytemuck::cast([quad; FOUR]);
        // SAFETY: as above.
        unsafe {
            asm!(
                ".arch_extension dotprod",
                "sdot {low:v}.4s, {w0:v}.16b, {quad:v}.16b",
                "sdot {high:v}.4s, {w1:v}.16b, {quad:v}.16b",
                low = inout(vreg) low,
                high = inout(vreg) high,
                quad = in(vreg) quad,
                w0 = in(vreg) w0,
                w1 = in(vreg) w1,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        [low, high]
    }

    #[inline(always)]
    fn total(self, sums: Self::Sums) -> [int32x4_t; 2] {
        sums
    }
}
