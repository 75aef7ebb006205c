//! What the build script has put into the binary.

/// Weights are read in place, and their kernels like them aligned.
#[repr(C, align(64))]
#[allow(dead_code, reason = "a build without models embeds nothing that needs it")]
struct Aligned<T>(T);

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
