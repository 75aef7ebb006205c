//! `moodbox-trainer evaluate`: a model file over labelled pictures or clips, through the engine of the box, or the float network of a run.

mod classify;
mod command;
mod error;
mod float;
mod scores;
#[cfg(test)]
pub(crate) mod test_models;
#[cfg(test)]
mod tests;

pub use classify::{
    ClipPosteriors, FaceClassifier, SpeechClassifier, face_in_label_order, mean_log_posterior, speech_in_label_order,
};
pub use command::{EvaluateArgs, Evaluation, LeftOut, evaluate, run};
pub use error::{EvaluateError, ModelFile};
pub use float::FloatClassifier;
pub use scores::{ClassScores, Scores, most_likely};
