//! The built-in sample: what the demo shows and plays, without any real person in it.

mod wav;

pub use wav::wav_bytes;
