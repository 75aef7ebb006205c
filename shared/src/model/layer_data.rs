//! Where the parameters of a layer lie in the file's data, and how many there are.

use super::Operation;
use super::error::Fault;
use super::format::DATA_ALIGNMENT;
use crate::nn::Shape;
use crate::nn::channels::{self, Channels};
use crate::nn::weights::{BLOCK, Packing};

/// The parts of a layer's parameters.
#[derive(Clone, Copy)]
pub(super) struct LayerData<'a> {
    pub(super) weights: &'a [i8],
    pub(super) arrays: [&'a [u8]; channels::ARRAYS],
}

impl<'a> LayerData<'a> {
    pub(super) fn at(data: &'a [u8], offset: u32, weight_bytes: usize, outputs: usize) -> Result<Self, Fault> {
        let offset = offset as usize;
        if !offset.is_multiple_of(DATA_ALIGNMENT) {
            return Err(Fault::Alignment);
        }
        let mut rest = data.get(offset..).ok_or(Fault::OutsideData)?;
        let mut take = |bytes: usize| -> Result<&[u8], Fault> {
            let filled = bytes.checked_next_multiple_of(DATA_ALIGNMENT).ok_or(Fault::OutsideData)?;
            let (part, after) = rest.split_at_checked(filled).ok_or(Fault::OutsideData)?;
            let (part, filling) = part.split_at(bytes);
            rest = after;
            if filling.iter().all(|&byte| byte == 0) { Ok(part) } else { Err(Fault::Filling) }
        };
        let weights = bytemuck::cast_slice(take(weight_bytes)?);
        let bytes = Channels::bytes(outputs);
        Ok(Self { weights, arrays: [take(bytes)?, take(bytes)?, take(bytes)?, take(bytes)?] })
    }

    /// * `terms`: products that an output is summed from; each is at most 127 · 128 in size
    pub(super) fn channels(
        self,
        outputs: usize,
        terms: usize,
        weight_sums: impl Fn(usize) -> [i32; BLOCK],
    ) -> Result<Channels<'a>, Fault> {
        Channels::new(outputs, self.arrays, terms as i64 * 127 * 128, weight_sums).ok_or(Fault::Requantisation)
    }
}

impl Operation {
    /// How the weights of a convolution or dense layer are packed; `None` for all others.
    pub(super) fn packing(&self, input: Shape, output: Shape) -> Option<Packing> {
        let outputs = usize::from(output.channels);
        match self {
            Self::Conv2d { window, .. } => Some(Packing {
                outputs,
                kernel_rows: window.kernel[0].into(),
                row_len: usize::from(window.kernel[1]) * usize::from(input.channels),
            }),
            Self::Dense { .. } => Some(Packing { outputs, kernel_rows: 1, row_len: input.len() }),
            _ => None,
        }
    }
}
