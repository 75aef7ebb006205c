//! Which instructions the kernels may use.

/// Chosen once, when the program starts, and passed to every run: the kernels themselves never ask the processor.
///
/// Every value gives the same numbers, bit for bit; they differ in speed only. A value exists only where the processor has its
/// instructions: that is what makes running a network safe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Isa(pub(crate) Instructions);

/// The sets of instructions for which there are kernels, the slowest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Instructions {
    #[default]
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    AvxVnni,
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni,
    #[cfg(target_arch = "aarch64")]
    Neon,
    #[cfg(target_arch = "aarch64")]
    DotProd,
}

/// Whether the processor has all of these: asked of it where there is `std`, else what the program was built for.
macro_rules! has {
    ($ask:ident, $($feature:tt),+) => {{
        #[cfg(any(test, feature = "std"))]
        let has = true $(&& std::arch::$ask!($feature))+;
        #[cfg(not(any(test, feature = "std")))]
        let has = true $(&& cfg!(target_feature = $feature))+;
        has
    }};
}

#[cfg(any(test, feature = "std"))]
extern crate std;

impl Instructions {
    const ALL: &[Self] = &[
        Self::Scalar,
        #[cfg(target_arch = "x86_64")]
        Self::Avx2,
        #[cfg(target_arch = "x86_64")]
        Self::AvxVnni,
        #[cfg(target_arch = "x86_64")]
        Self::Avx512Vnni,
        #[cfg(target_arch = "aarch64")]
        Self::Neon,
        #[cfg(target_arch = "aarch64")]
        Self::DotProd,
    ];

    fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => has!(is_x86_feature_detected, "avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni => has!(is_x86_feature_detected, "avx2", "avxvnni"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => has!(is_x86_feature_detected, "avx2", "avx512f", "avx512vnni"),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => has!(is_aarch64_feature_detected, "neon"),
            #[cfg(target_arch = "aarch64")]
            Self::DotProd => has!(is_aarch64_feature_detected, "neon", "dotprod"),
        }
    }
}

impl Isa {
    /// Plain Rust, on every processor: the definition of the kernels.
    pub const SCALAR: Self = Self(Instructions::Scalar);

    /// All that this processor has, the slowest first.
    pub fn available() -> impl DoubleEndedIterator<Item = Self> {
        Instructions::ALL.iter().copied().filter(|instructions| instructions.is_available()).map(Self)
    }

    /// The fastest that this processor has.
    pub fn best() -> Self {
        Self::available().next_back().unwrap_or(Self::SCALAR)
    }

    /// Its name, for reports and command lines.
    pub const fn name(self) -> &'static str {
        match self.0 {
            Instructions::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Instructions::AvxVnni => "avx-vnni",
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512Vnni => "avx512-vnni",
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => "neon",
            #[cfg(target_arch = "aarch64")]
            Instructions::DotProd => "dotprod",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_processor_has_the_scalar_kernels_and_one_best_set() {
        let available: std::vec::Vec<Isa> = Isa::available().collect();
        assert_eq!(available.first(), Some(&Isa::SCALAR));
        assert_eq!(available.last(), Some(&Isa::best()));
        let names: HashSet<&str> = available.iter().map(|isa| isa.name()).collect();
        assert_eq!(names.len(), available.len());
    }

    /// A run that is meant for certain kernels says so: `MOODBOX_BEST_ISA=dotprod`.
    #[test]
    fn what_a_run_of_the_tests_is_meant_for_is_there() {
        if let Ok(name) = std::env::var("MOODBOX_BEST_ISA") {
            assert_eq!(Isa::best().name(), name);
        }
    }
}
