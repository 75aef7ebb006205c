//! NEON as every 64-bit ARM processor has it: products of 8-bit numbers become 16 bits wide, two of them are added there, and pairs of these
//! sums become 32.

use super::multiply::{FOUR, Multiply};
use crate::nn::weights::{BLOCK, QUAD, QuadWeights};
use core::arch::aarch64::{int8x16_t, int32x4_t, vpaddq_s32};
use core::arch::asm;

/// Says that the processor has NEON.
#[derive(Clone, Copy)]
pub(super) struct Neon(());

impl Neon {
    /// # Safety
    ///
    /// The processor has NEON.
    pub(super) unsafe fn new() -> Self {
        Self(())
    }
}

/// No weight is −128: a product is at most 127 · 128 from zero, and two of them fit into 16 bits. In assembly because compilers make more
/// instructions of the intrinsics, and more registers than there are.
impl Multiply for Neon {
    /// Two of each output: of every quad's first pair of numbers and of its second. Two outputs a vector.
    type Sums = [int32x4_t; BLOCK / 2];
    const PLACES: usize = 4;

    #[inline(always)]
    fn start(self, biases: [i32; BLOCK]) -> Self::Sums {
        let pairs: [[i32; 2]; BLOCK / 2] = bytemuck::cast(biases);
        pairs.map(|[first, second]| bytemuck::cast([first, 0, second, 0]))
    }

    #[inline(always)]
    fn add_four(
        self,
        [mut s0, mut s1, mut s2, mut s3]: Self::Sums,
        weights: &[QuadWeights; FOUR],
        quads: [[i8; QUAD]; FOUR],
    ) -> Self::Sums {
        let [[a0, a1], [b0, b1], [c0, c1], [d0, d1]]: [[int8x16_t; 2]; FOUR] = bytemuck::cast(*weights);
        let quads: int8x16_t = bytemuck::cast(quads);
        // SAFETY: registers alone are read and written, and `self` says that the processor has NEON.
        unsafe {
            asm!(
                "dup {quad:v}.4s, {quads:v}.s[0]",
                "smull {p0:v}.8h, {a0:v}.8b, {quad:v}.8b",
                "smull2 {p1:v}.8h, {a0:v}.16b, {quad:v}.16b",
                "smull {p2:v}.8h, {a1:v}.8b, {quad:v}.8b",
                "smull2 {p3:v}.8h, {a1:v}.16b, {quad:v}.16b",
                "dup {quad:v}.4s, {quads:v}.s[1]",
                "smlal {p0:v}.8h, {b0:v}.8b, {quad:v}.8b",
                "smlal2 {p1:v}.8h, {b0:v}.16b, {quad:v}.16b",
                "smlal {p2:v}.8h, {b1:v}.8b, {quad:v}.8b",
                "smlal2 {p3:v}.8h, {b1:v}.16b, {quad:v}.16b",
                "dup {quad:v}.4s, {quads:v}.s[2]",
                "sadalp {s0:v}.4s, {p0:v}.8h",
                "sadalp {s1:v}.4s, {p1:v}.8h",
                "sadalp {s2:v}.4s, {p2:v}.8h",
                "sadalp {s3:v}.4s, {p3:v}.8h",
                "smull {p0:v}.8h, {c0:v}.8b, {quad:v}.8b",
                "smull2 {p1:v}.8h, {c0:v}.16b, {quad:v}.16b",
                "smull {p2:v}.8h, {c1:v}.8b, {quad:v}.8b",
                "smull2 {p3:v}.8h, {c1:v}.16b, {quad:v}.16b",
                "dup {quad:v}.4s, {quads:v}.s[3]",
                "smlal {p0:v}.8h, {d0:v}.8b, {quad:v}.8b",
                "smlal2 {p1:v}.8h, {d0:v}.16b, {quad:v}.16b",
                "smlal {p2:v}.8h, {d1:v}.8b, {quad:v}.8b",
                "smlal2 {p3:v}.8h, {d1:v}.16b, {quad:v}.16b",
                "sadalp {s0:v}.4s, {p0:v}.8h",
                "sadalp {s1:v}.4s, {p1:v}.8h",
                "sadalp {s2:v}.4s, {p2:v}.8h",
                "sadalp {s3:v}.4s, {p3:v}.8h",
                s0 = inout(vreg) s0,
                s1 = inout(vreg) s1,
                s2 = inout(vreg) s2,
                s3 = inout(vreg) s3,
                quads = in(vreg) quads,
                a0 = in(vreg) a0,
                a1 = in(vreg) a1,
                b0 = in(vreg) b0,
                b1 = in(vreg) b1,
                c0 = in(vreg) c0,
                c1 = in(vreg) c1,
                d0 = in(vreg) d0,
                d1 = in(vreg) d1,
                quad = out(vreg) _,
                p0 = out(vreg) _,
                p1 = out(vreg) _,
                p2 = out(vreg) _,
                p3 = out(vreg) _,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        [s0, s1, s2, s3]
    }

    #[inline(always)]
    fn add_one(
        self,
        [mut s0, mut s1, mut s2, mut s3]: Self::Sums,
        weights: &QuadWeights,
        quad: [i8; QUAD],
    ) -> Self::Sums {
        let [w0, w1]: [int8x16_t; 2] = bytemuck::cast(*weights);
        let quad: int8x16_t = bytemuck::cast([quad; FOUR]);
        // SAFETY: as above.
        unsafe {
            asm!(
                "smull {p0:v}.8h, {w0:v}.8b, {quad:v}.8b",
                "smull2 {p1:v}.8h, {w0:v}.16b, {quad:v}.16b",
                "smull {p2:v}.8h, {w1:v}.8b, {quad:v}.8b",
                "smull2 {p3:v}.8h, {w1:v}.16b, {quad:v}.16b",
                "sadalp {s0:v}.4s, {p0:v}.8h",
                "sadalp {s1:v}.4s, {p1:v}.8h",
                "sadalp {s2:v}.4s, {p2:v}.8h",
                "sadalp {s3:v}.4s, {p3:v}.8h",
                s0 = inout(vreg) s0,
                s1 = inout(vreg) s1,
                s2 = inout(vreg) s2,
                s3 = inout(vreg) s3,
                quad = in(vreg) quad,
                w0 = in(vreg) w0,
                w1 = in(vreg) w1,
                p0 = out(vreg) _,
                p1 = out(vreg) _,
                p2 = out(vreg) _,
                p3 = out(vreg) _,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        [s0, s1, s2, s3]
    }

    #[inline(always)]
    fn total(self, [s0, s1, s2, s3]: Self::Sums) -> [int32x4_t; 2] {
        // SAFETY: `self` says that the processor has NEON.
        unsafe { [vpaddq_s32(s0, s1), vpaddq_s32(s2, s3)] }
    }
}
