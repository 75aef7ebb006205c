//! When each tensor of a plan is needed, and how much arena that asks for at least.

use super::{LayerDescription, Plan, TensorDescription};
use crate::nn::ARENA_ALIGNMENT;
use core::ops::RangeInclusive;

impl Plan {
    /// Bytes of the largest set of tensors that are needed at the same time: no arrangement of them gets by with a smaller arena.
    pub fn least_arena_bytes(&self) -> usize {
        let live = |layer: usize| {
            let tensors = (0..self.tensors()).filter(move |&tensor| self.needed(tensor).contains(&layer));
            let bytes = tensors.filter_map(|tensor| self.tensor(tensor)).map(|tensor| tensor.shape.len());
            bytes.fold(0, |sum: usize, bytes| sum.saturating_add(bytes.next_multiple_of(ARENA_ALIGNMENT)))
        };
        (0..self.layers.len()).map(live).max().unwrap_or(0)
    }

    /// How many tensors there are: the input, and one a layer.
    pub(super) fn tensors(&self) -> usize {
        self.layers.len() + 1
    }

    /// A tensor by its number.
    pub(super) fn tensor(&self, tensor: usize) -> Option<&TensorDescription> {
        match tensor.checked_sub(1) {
            None => Some(&self.input),
            Some(layer) => self.layers.get(layer).map(|layer| &layer.output),
        }
    }

    /// The layers during which a tensor is needed: from the one that makes it (the input: from the first) to the last one that reads it;
    /// the logits to the end.
    pub(super) fn needed(&self, tensor: usize) -> RangeInclusive<usize> {
        let born = tensor.saturating_sub(1);
        let reads = |layer: &LayerDescription| {
            usize::from(layer.input) == tensor || layer.operation.other().map(usize::from) == Some(tensor)
        };
        let dies = if tensor == self.layers.len() { Some(tensor) } else { self.layers.iter().rposition(reads) };
        born..=dies.unwrap_or(born).max(born)
    }
}
