//! Where the windows of a convolution lie in a band: checked once a walk, read without a check.

use super::super::conv::Conv2d;
use super::super::weights::{QUAD, QuadWeights};
use super::band::{Band, Part};

/// The windows of `P` places, and the weights of one or more blocks of outputs that go over them.
#[derive(Clone, Copy)]
pub(super) struct Windows<'a, N, const P: usize> {
    weights: &'a [QuadWeights],
    band: &'a [N],
    /// First number of each.
    starts: [usize; P],
    /// From one row of the kernel to the next.
    row_step: usize,
    rows: usize,
    row_quads: usize,
    block_quads: usize,
}

impl<'a, N: Copy, const P: usize> Windows<'a, N, P> {
    /// The same windows with the weights of one block, counted from the first that is here.
    #[inline(always)]
    pub(super) fn of_block(&self, block: usize) -> Self {
        Self { weights: &self.weights[block * self.block_quads..][..self.block_quads], ..*self }
    }

    /// The weights of a block of outputs, one row of the kernel after the other. Rows that follow upon each other in the band are one.
    #[inline(always)]
    pub(super) fn weight_rows(&self) -> impl Iterator<Item = &'a [QuadWeights]> + use<'a, N, P> {
        self.weights[..self.block_quads].chunks_exact(self.row_quads)
    }

    /// Whether the weights of so many blocks are here.
    #[inline(always)]
    pub(super) fn has_blocks(&self, count: usize) -> bool {
        self.weights.len() >= count * self.block_quads
    }

    /// Rows of [`Windows::weight_rows`], and quads of each.
    #[inline(always)]
    pub(super) fn rows_and_quads(&self) -> (usize, usize) {
        (self.rows, self.row_quads)
    }

    /// The weights of `Q` quads of a row, from `first` on, for a block that is here.
    ///
    /// # Safety
    ///
    /// There are such a block, row and quads.
    #[inline(always)]
    pub(super) unsafe fn weights<const Q: usize>(
        &self,
        block: usize,
        row: usize,
        first: usize,
    ) -> &'a [QuadWeights; Q] {
        let start = block * self.block_quads + row * self.row_quads + first;
        debug_assert!(start + Q <= self.weights.len());
        // SAFETY: the caller says that they are there.
        unsafe { &*self.weights.as_ptr().add(start).cast() }
    }

    /// `Q` quads of a row under the window of a place, from `first` on.
    ///
    /// # Safety
    ///
    /// Row and quads are of [`Windows::weight_rows`].
    #[inline(always)]
    pub(super) unsafe fn quads<const Q: usize>(&self, place: usize, row: usize, first: usize) -> [[N; QUAD]; Q] {
        let start = self.starts[place] + (row * self.row_step + first * QUAD);
        debug_assert!(start + Q * QUAD <= self.band.len());
        // SAFETY: `Walk` has made sure that the band holds every window up to the last quad of its last row.
        unsafe { self.band.as_ptr().add(start).cast::<[[N; QUAD]; Q]>().read() }
    }
}

/// From place to place of a part, row by row.
pub(super) struct Walk<'a, N> {
    weights: &'a [QuadWeights],
    band: &'a [N],
    /// Places that are left, and those of them in this row.
    left: usize,
    left_in_row: usize,
    columns: usize,
    /// First number of the next window, and of the first one in its row.
    start: usize,
    row_start: usize,
    /// From one window to the next, and to the one below.
    column_step: usize,
    row_step: usize,
    /// From one row of the kernel to the next.
    kernel_row_step: usize,
    rows: usize,
    row_quads: usize,
    block_quads: usize,
}

impl<'a, N: Copy + Default> Walk<'a, N> {
    /// `blocks` blocks of a convolution's outputs, from `first_block` on.
    ///
    /// # Panics
    ///
    /// If the band has not been filled for this part.
    #[inline]
    pub(super) fn new(conv: &Conv2d<'a>, first_block: usize, blocks: usize, band: &'a Band<N>, part: Part) -> Self {
        let channels = usize::from(conv.input.channels);
        let [row_stride, column_stride] = conv.window.stride.map(usize::from);
        let band_row = band.columns() * channels;
        let [row_step, column_step] = [row_stride * band_row, column_stride * channels];
        let packing = conv.weights.packing();
        let last = (part.rows - 1) * row_step + (part.columns - 1) * column_step;
        let window = (packing.kernel_rows - 1) * band_row + packing.row_quads() * QUAD;
        assert!(last + window <= band.numbers().len());

        let adjoin = band_row == packing.row_quads() * QUAD;
        let (rows, row_quads) =
            if adjoin { (1, packing.block_quads()) } else { (packing.kernel_rows, packing.row_quads()) };
        // A single column is walked as if it were a row.
        let (columns, column_step) =
            if part.columns == 1 { (part.rows, row_step) } else { (part.columns, column_step) };
        Self {
            weights: conv.weights.blocks(first_block, blocks),
            band: band.numbers(),
            left: part.rows * part.columns,
            left_in_row: columns,
            columns,
            start: 0,
            row_start: 0,
            column_step,
            row_step,
            kernel_row_step: band_row,
            rows,
            row_quads,
            block_quads: packing.block_quads(),
        }
    }

    /// The windows of the next places.
    ///
    /// # Panics
    ///
    /// If fewer are left.
    #[inline]
    pub(super) fn next<const P: usize>(&mut self) -> Windows<'a, N, P> {
        assert!(self.left >= P);
        self.left -= P;
        let mut starts = [self.start; P];
        if self.left_in_row > P {
            for (index, start) in starts.iter_mut().enumerate() {
                *start += index * self.column_step;
            }
            self.start += P * self.column_step;
            self.left_in_row -= P;
        } else {
            for start in &mut starts {
                *start = self.start;
                self.start += self.column_step;
                self.left_in_row -= 1;
                if self.left_in_row == 0 {
                    self.left_in_row = self.columns;
                    self.row_start += self.row_step;
                    self.start = self.row_start;
                }
            }
        }
        let &mut Self { weights, band, kernel_row_step: row_step, rows, row_quads, block_quads, .. } = self;
        Windows { weights, band, starts, row_step, rows, row_quads, block_quads }
    }
}
