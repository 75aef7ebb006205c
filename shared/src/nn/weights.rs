//! Weights as the kernels read them: packed once, when a model file is made, in one layout for every processor.
//!
//! Outputs come in blocks of eight. Within a block the weights go along the rows of the kernel, four numbers at a time, a quad: first
//! the four weights of the block's first output, then those of the second, … What is missing from the last block or from the end of a
//! row is zero. A kernel so reads weights from the front to the end, 32 bytes for four inputs and eight outputs:
//!
//! ```text
//! [block of outputs][kernel row][quad of kernel width · in][output of the block][number of the quad]
//! ```

/// Outputs of a block.
pub(crate) const BLOCK: usize = 8;

/// Inputs that are multiplied at once.
pub(crate) const QUAD: usize = 4;

/// The weights of eight outputs for four inputs, `[output][input]`.
pub(crate) type QuadWeights = [i8; BLOCK * QUAD];

/// How many weights there are, and where each lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packing {
    pub(crate) outputs: usize,
    pub(crate) kernel_rows: usize,
    /// Numbers of a row of the kernel: its width times the input's channels.
    pub(crate) row_len: usize,
}

impl Packing {
    /// Blocks of outputs.
    pub(crate) const fn blocks(self) -> usize {
        self.outputs.div_ceil(BLOCK)
    }

    /// Quads of a row.
    pub(crate) const fn row_quads(self) -> usize {
        self.row_len.div_ceil(QUAD)
    }

    /// Quads of a block.
    pub(crate) const fn block_quads(self) -> usize {
        self.kernel_rows.saturating_mul(self.row_quads())
    }

    /// Bytes of all, padding included; `usize::MAX` where they can't be counted.
    pub(crate) const fn bytes(self) -> usize {
        self.blocks().saturating_mul(self.block_quads()).saturating_mul(BLOCK * QUAD)
    }

    /// What an output is summed from.
    pub(crate) const fn terms(self) -> usize {
        self.kernel_rows.saturating_mul(self.row_len)
    }

    /// Weights and biases.
    pub(crate) const fn parameters(self) -> usize {
        self.outputs.saturating_mul(self.terms()).saturating_add(self.outputs)
    }

    #[cfg(any(test, feature = "std"))]
    /// Place of each weight, in the order `[out][kernel row][kernel width · in]`.
    pub(crate) fn places(self) -> impl Iterator<Item = usize> {
        let Self { outputs, kernel_rows, row_len } = self;
        let place = move |output: usize, row: usize, index: usize| {
            let quad = (output / BLOCK * kernel_rows + row) * self.row_quads() + index / QUAD;
            (quad * BLOCK + output % BLOCK) * QUAD + index % QUAD
        };
        (0..outputs).flat_map(move |output| {
            (0..kernel_rows).flat_map(move |row| (0..row_len).map(move |index| place(output, row, index)))
        })
    }
}

/// Packed weights, in place in the model file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weights<'a> {
    quads: &'a [QuadWeights],
    packing: Packing,
}

impl<'a> Weights<'a> {
    /// `None` if there are more or fewer bytes than the packing has, or if one of them can't be: −128, or padding that is not zero.
    pub(crate) fn new(bytes: &'a [i8], packing: Packing) -> Option<Self> {
        if bytes.len() != packing.bytes() || bytes.contains(&i8::MIN) {
            return None;
        }
        let weights = Self { quads: bytes.as_chunks().0, packing };
        weights.padding_is_zero().then_some(weights)
    }

    /// Rows end in the middle of a quad, outputs in the middle of a block.
    fn padding_is_zero(&self) -> bool {
        let Packing { outputs, row_len, .. } = self.packing;
        let row_quads = self.packing.row_quads();
        (0..self.packing.blocks()).all(|block| {
            let outputs = (outputs - block * BLOCK).min(BLOCK);
            self.block(block).iter().enumerate().all(|(index, quad)| {
                let inputs = (row_len - index % row_quads * QUAD).min(QUAD);
                let is_padding = |place: usize| place / QUAD >= outputs || place % QUAD >= inputs;
                (inputs == QUAD && outputs == BLOCK)
                    || quad.iter().enumerate().all(|(place, &weight)| weight == 0 || !is_padding(place))
            })
        })
    }

    /// How they are packed.
    pub(crate) const fn packing(&self) -> Packing {
        self.packing
    }

    /// The quads of a block of outputs, `[kernel row][quad]`.
    #[inline]
    pub(crate) fn block(&self, block: usize) -> &'a [QuadWeights] {
        self.blocks(block, 1)
    }

    /// The quads of `count` blocks of outputs from `first` on, `[block][kernel row][quad]`.
    #[inline]
    pub(crate) fn blocks(&self, first: usize, count: usize) -> &'a [QuadWeights] {
        let quads = self.packing.block_quads();
        &self.quads[first * quads..][..count * quads]
    }

    /// Sum of the weights of each output of a block.
    pub(crate) fn sums(&self, block: usize) -> [i32; BLOCK] {
        self.sums_of(block, i32::from)
    }

    /// Sum of the weights' absolute values of each output of a block.
    pub(crate) fn absolute_sums(&self, block: usize) -> [i32; BLOCK] {
        self.sums_of(block, |weight| i32::from(weight).abs())
    }

    fn sums_of(&self, block: usize, each: impl Fn(i8) -> i32) -> [i32; BLOCK] {
        let mut sums = [0; BLOCK];
        for quad in self.block(block) {
            for (sum, weights) in sums.iter_mut().zip(quad.as_chunks::<QUAD>().0) {
                *sum += weights.iter().map(|&weight| each(weight)).sum::<i32>();
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    extern crate std;
    use std::vec;
    use std::vec::Vec;

    const PACKING: Packing = Packing { outputs: 9, kernel_rows: 2, row_len: 6 };

    #[test]
    fn each_weight_has_a_place_of_its_own() {
        assert_eq!(PACKING.bytes(), 2 * 2 * 2 * 32);
        let mut places: Vec<usize> = PACKING.places().collect();
        // Output 0: four numbers side by side, then the rest of the row in the next quad.
        assert_eq!(places[..6], [0, 1, 2, 3, 32, 33]);
        // The row below, then output 1.
        assert_eq!((places[6], places[12]), (64, 4));
        // Output 8 begins the second block.
        assert_eq!(places[8 * 12], 128);
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 9 * 12);
        assert!(places.iter().all(|&place| place < PACKING.bytes()));
    }

    #[test]
    fn padding_must_be_zero_and_no_weight_is_minus_128() {
        let mut bytes = vec![0_i8; PACKING.bytes()];
        PACKING.places().for_each(|place| bytes[place] = 5);
        assert!(Weights::new(&bytes, PACKING).is_some());
        assert_eq!(Weights::new(&bytes, PACKING).unwrap().sums(1), [60, 0, 0, 0, 0, 0, 0, 0]);
        assert!(Weights::new(&bytes[1..], PACKING).is_none());
        for place in 0..bytes.len() {
            let before = bytes[place];
            bytes[place] = if before == 0 { 1 } else { i8::MIN };
            assert!(Weights::new(&bytes, PACKING).is_none(), "{place}");
            bytes[place] = before;
        }
    }
}
