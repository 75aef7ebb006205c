//! How fast the processor multiplies when nothing else is to be done: what the kernels can be measured against.
//!
//! The instructions of a convolution's innermost loop on registers alone: no weights or inputs are read, nothing is widened or requantised.

use super::super::Isa;
use super::super::isa::Instructions;

/// Multiplies and adds 8-bit numbers on registers with the instructions of `isa`, `turns` times over, and returns how many products were
/// summed; 0 for scalar code, whose instructions are the compiler's choice.
///
/// Divided by the time that it takes, this is the processor's peak.
pub fn multiply_in_registers(isa: Isa, turns: u32) -> u64 {
    let products_a_turn: u64 = match isa.0 {
        Instructions::Scalar => 0,
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => 8 * 16,
        #[cfg(target_arch = "x86_64")]
        Instructions::AvxVnni => 12 * 32,
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512Vnni => 12 * 64,
        #[cfg(target_arch = "aarch64")]
        Instructions::Neon => 8 * 16,
        #[cfg(target_arch = "aarch64")]
        Instructions::DotProd => 16 * 16,
    };
    if products_a_turn > 0 {
        for _ in 0..turns {
            turn(isa);
        }
    }
    products_a_turn * u64::from(turns)
}

/// Repeats an instruction template for some registers.
#[cfg(target_arch = "x86_64")]
macro_rules! each {
    ($template:ident, $($register:literal)+) => { concat!($(each!(@ $template, $register)),+) };
    (@ madd, $register:literal) => {
        concat!("vpmaddwd ymm14, ymm13, ymm12\nvpaddd ymm", $register, ", ymm", $register, ", ymm14\n")
    };
    (@ vex, $register:literal) => { concat!("{{vex}} vpdpbusd ymm", $register, ", ymm13, ymm12\n") };
    (@ evex, $register:literal) => { concat!("vpdpbusd zmm", $register, ", zmm13, zmm12\n") };
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn turn(isa: Isa) {
    use core::arch::asm;
    // SAFETY: an `Isa` that names these instructions exists only where the processor has them; they touch nothing but the registers named.
    unsafe {
        match isa.0 {
            Instructions::Scalar => {}
            Instructions::Avx2 => asm!(
                each!(madd, 0 1 2 3 4 5 6 7),
                out("ymm0") _, out("ymm1") _, out("ymm2") _, out("ymm3") _, out("ymm4") _, out("ymm5") _, out("ymm6") _,
                out("ymm7") _, out("ymm14") _, options(nomem, nostack, preserves_flags)
            ),
            Instructions::AvxVnni => asm!(
                each!(vex, 0 1 2 3 4 5 6 7 8 9 10 11),
                out("ymm0") _, out("ymm1") _, out("ymm2") _, out("ymm3") _, out("ymm4") _, out("ymm5") _, out("ymm6") _,
                out("ymm7") _, out("ymm8") _, out("ymm9") _, out("ymm10") _, out("ymm11") _,
                options(nomem, nostack, preserves_flags)
            ),
            Instructions::Avx512Vnni => asm!(
                each!(evex, 0 1 2 3 4 5 6 7 8 9 10 11),
                out("ymm0") _, out("ymm1") _, out("ymm2") _, out("ymm3") _, out("ymm4") _, out("ymm5") _, out("ymm6") _,
                out("ymm7") _, out("ymm8") _, out("ymm9") _, out("ymm10") _, out("ymm11") _,
                options(nomem, nostack, preserves_flags)
            ),
        }
    }
}

/// Repeats an instruction template for some registers.
#[cfg(target_arch = "aarch64")]
macro_rules! each {
    ($template:ident, $($register:literal)+) => { concat!($(each!(@ $template, $register)),+) };
    (@ mull, $register:literal) => {
        concat!(
            "smull v24.8h, v25.8b, v26.8b\nsmlal v24.8h, v27.8b, v28.8b\nsadalp v", $register, ".4s, v24.8h\n"
        )
    };
    (@ dot, $register:literal) => { concat!("sdot v", $register, ".4s, v25.16b, v26.4b[0]\n") };
}

#[cfg(target_arch = "aarch64")]
#[inline]
fn turn(isa: Isa) {
    use core::arch::asm;
    // SAFETY: an `Isa` that names these instructions exists only where the processor has them; they touch nothing but the registers named.
    unsafe {
        match isa.0 {
            Instructions::Scalar => {}
            Instructions::Neon => asm!(
                each!(mull, 0 1 2 3 4 5 6 7),
                out("v0") _, out("v1") _, out("v2") _, out("v3") _, out("v4") _, out("v5") _, out("v6") _, out("v7") _,
                out("v24") _, options(nomem, nostack, preserves_flags)
            ),
            Instructions::DotProd => asm!(
                ".arch_extension dotprod",
                each!(dot, 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23),
                out("v0") _, out("v1") _, out("v2") _, out("v3") _, out("v4") _, out("v5") _, out("v6") _, out("v7") _,
                out("v16") _, out("v17") _, out("v18") _, out("v19") _, out("v20") _, out("v21") _, out("v22") _,
                out("v23") _, options(nomem, nostack, preserves_flags)
            ),
        }
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn turn(_: Isa) {}
