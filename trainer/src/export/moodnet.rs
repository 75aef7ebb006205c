//! The model file of the box from a quantised network and what is to be told about it.

use crate::quantize::QuantizeError;
use moodbox_shared::Emotion;
use moodbox_shared::model::{self, Header, InputDescription, Plan, Provenance};

/// What a model file tells beside the network.
#[derive(Clone, Debug)]
pub struct ModelMeta {
    /// What the logits mean, in order.
    pub labels: Vec<Emotion>,
    /// How the input is made.
    pub input: InputDescription,
    /// Divides the logits before the softmax.
    pub temperature: f32,
    /// Share of each label in the data as training saw it; empty where all are equal.
    pub priors: Vec<f32>,
    /// Where the model comes from.
    pub provenance: Provenance,
}

/// The bytes of a model file; the box's own reader has checked them.
pub fn file(meta: ModelMeta, plan: Plan, data: &[u8]) -> Result<Vec<u8>, QuantizeError> {
    let ModelMeta { labels, input, temperature, mut priors, provenance } = meta;
    if priors.is_empty() {
        priors = vec![1.0 / labels.len() as f32; labels.len()];
    }
    let too_many = |found| QuantizeError::TooManyLabels { found };
    let header = Header {
        labels: heapless::Vec::from_slice(&labels).map_err(|_| too_many(labels.len()))?,
        input,
        temperature,
        priors: heapless::Vec::from_slice(&priors).map_err(|_| too_many(priors.len()))?,
        provenance,
        plan,
    };
    Ok(model::write(&header, data)?)
}
