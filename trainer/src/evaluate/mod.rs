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
mod to_score;

pub use classify::{
    ClipPosteriors, FaceClassifier, SpeechClassifier, face_in_label_order, mean_log_posterior, speech_in_label_order,
    windows,
};
pub use command::{EvaluateArgs, Evaluation, evaluate, run};
pub use error::{EvaluateError, ModelFile};
pub use float::FloatNetwork;
pub use scores::{CalibrationBin, ClassScores, Scores, most_likely};
pub(crate) use to_score::pictures_to_score;
pub use to_score::{Wanted, clips_to_score};
