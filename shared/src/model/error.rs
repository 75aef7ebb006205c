//! What can be wrong with a model file.

use thiserror::Error;

/// What is wrong with a model file. Files come from outside: each of these is expected, none is a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Too short, or it begins otherwise.
    #[error("not a model file: it does not begin as a .moodnet; export one with `moodbox-trainer quantize`")]
    NotAModel,
}
