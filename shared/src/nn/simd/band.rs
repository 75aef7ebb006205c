//! Part of a convolution's input as the tiles read it: with its border, and in numbers that the processor multiplies.

use super::super::conv::{Conv2d, MAX_PATCH};
use super::super::weights::QUAD;

/// Numbers of a band: enough for a window, little enough for the cache nearest to the processor.
const BAND: usize = 8192;

const _: () = assert!(BAND >= MAX_PATCH);

/// The output places that one band serves: rows from `row` on, columns from `column` on. Either all columns or a single row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

/// Rows of the input under the windows of a [`Part`], what lies outside being the zero point.
pub(super) struct Band<E> {
    numbers: [E; BAND + QUAD],
    columns: usize,
}

impl<E: Copy + Default> Band<E> {
    pub(super) fn new() -> Self {
        Self { numbers: [E::default(); BAND + QUAD], columns: 0 }
    }

    /// The numbers, `[row][column][channel]`, and some more behind them: a quad may reach over the end.
    #[inline]
    pub(super) fn numbers(&self) -> &[E] {
        &self.numbers
    }

    /// Columns of the input in the band.
    #[inline]
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Fills it with what a part of the output is made from.
    ///
    /// * `convert`: numbers of the input to those of the band
    #[inline]
    pub(super) fn fill(&mut self, conv: &Conv2d<'_>, input: &[i8], part: Part, convert: impl Fn(&[i8], &mut [E])) {
        let [height, width, channels] = [conv.input.height, conv.input.width, conv.input.channels].map(usize::from);
        let [row_stride, column_stride] = conv.window.stride.map(usize::from);
        let [kernel_rows, kernel_columns] = conv.window.kernel.map(usize::from);
        let [top, left, _, _] = conv.window.padding.map(usize::from);
        self.columns = (part.columns - 1) * column_stride + kernel_columns;
        let rows = (part.rows - 1) * row_stride + kernel_rows;
        let mut outside = [E::default()];
        convert(&[conv.input_zero_point], &mut outside);

        // Columns of the band that lie on the input: the same for all of its rows. They are neighbours in memory.
        let first = part.column * column_stride;
        let skipped = left.saturating_sub(first).min(self.columns);
        let seen = (width + left).saturating_sub(first).min(self.columns).max(skipped);
        let start = (first + skipped).saturating_sub(left) * channels;
        for (row, numbers) in self.numbers.chunks_exact_mut(self.columns * channels).take(rows).enumerate() {
            let input_row = (part.row * row_stride + row).wrapping_sub(top);
            if input_row >= height {
                numbers.fill(outside[0]);
                continue;
            }
            let (before, rest) = numbers.split_at_mut(skipped * channels);
            let (within, after) = rest.split_at_mut((seen - skipped) * channels);
            before.fill(outside[0]);
            after.fill(outside[0]);
            convert(&input[input_row * width * channels + start..][..within.len()], within);
        }
    }
}

/// Cuts the output into parts whose bands fit: whole rows where they do, else pieces of a row. Pieces are of whole tiles of `tile` places
/// where that is possible.
pub(super) fn parts(conv: &Conv2d<'_>, tile: usize) -> impl Iterator<Item = Part> {
    let channels = usize::from(conv.input.channels);
    let [height, width] = [conv.output.height, conv.output.width].map(usize::from);
    let [row_stride, column_stride] = conv.window.stride.map(usize::from);
    let [kernel_rows, kernel_columns] = conv.window.kernel.map(usize::from);
    let whole_tiles = |places: usize| if places > tile { places - places % tile } else { places };
    // How many windows fit side by side, each a stride further than the one before.
    let windows = |numbers: usize, kernel: usize, stride: usize| (numbers.max(kernel) - kernel) / stride + 1;

    let fitting = windows(BAND / (kernel_rows * channels), kernel_columns, column_stride);
    let (rows, columns) = if fitting >= width {
        let row_numbers = ((width - 1) * column_stride + kernel_columns) * channels;
        let rows = windows(BAND / row_numbers, kernel_rows, row_stride).min(height);
        (if rows < height && width == 1 { whole_tiles(rows) } else { rows }, width)
    } else {
        (1, whole_tiles(fitting))
    };
    (0..height).step_by(rows).flat_map(move |row| {
        (0..width).step_by(columns).map(move |column| Part {
            row,
            column,
            rows: rows.min(height - row),
            columns: columns.min(width - column),
        })
    })
}
