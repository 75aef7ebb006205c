//! Which instructions the kernels may use.

/// Chosen once, when the program starts, and passed to every run: the kernels themselves never ask the processor.
///
/// Every value gives the same numbers, bit for bit; they differ in speed only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isa {
    /// Plain Rust, on every processor. The definition of the kernels.
    #[default]
    Scalar,
}
