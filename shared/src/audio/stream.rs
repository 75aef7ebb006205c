//! From samples, in pieces of any length, to rows: the one way in which features are computed, live and from files.

use super::window::SpeechWindow;
use super::{CHROMA_FFT, FeatureExtractor, FeatureRow, HOP, WINDOW_ROWS, to_unit};

/// Turns 16 kHz samples into rows as soon as they are complete, and keeps the last window of them.
///
/// However the samples are cut into pieces, the rows are the same, bit for bit. About 280 KB; nothing allocates.
pub struct SpeechStream {
    extractor: FeatureExtractor,
    /// The newest samples, oldest first; the first `filled` of them count.
    frame: [f32; CHROMA_FFT],
    filled: usize,
    /// Row `t` lies at `t % WINDOW_ROWS`.
    rows: [FeatureRow; WINDOW_ROWS],
    row_count: u64,
}

impl SpeechStream {
    /// A stream that has heard nothing yet.
    pub fn new() -> Self {
        Self {
            extractor: FeatureExtractor::new(),
            frame: [0.0; CHROMA_FFT],
            filled: 0,
            rows: [FeatureRow::ZERO; WINDOW_ROWS],
            row_count: 0,
        }
    }

    /// Takes samples in and calls `on_row` with number and content of each row that they complete.
    ///
    /// Row `t` is complete when sample `256·t + 2047` is in.
    pub fn push(&mut self, mut samples: &[i16], mut on_row: impl FnMut(u64, &FeatureRow)) {
        while !samples.is_empty() {
            let (taken, rest) = samples.split_at(samples.len().min(CHROMA_FFT - self.filled));
            for (target, &sample) in self.frame[self.filled..].iter_mut().zip(taken) {
                *target = to_unit(sample);
            }
            self.filled += taken.len();
            samples = rest;
            if self.filled == CHROMA_FFT {
                let row = &mut self.rows[(self.row_count % WINDOW_ROWS as u64) as usize];
                self.extractor.row(&self.frame, row);
                on_row(self.row_count, row);
                self.row_count += 1;
                self.frame.copy_within(HOP.., 0);
                self.filled -= HOP;
            }
        }
    }

    /// Rows completed so far.
    pub fn row_count(&self) -> u64 {
        self.row_count
    }

    /// The window that ends with the newest row; `None` before the first row.
    ///
    /// Before 192 rows are there, the room sound at the beginning is put in front, see [`SpeechWindow`].
    pub fn window(&self) -> Option<SpeechWindow<'_>> {
        if self.row_count < WINDOW_ROWS as u64 {
            return SpeechWindow::ending(&self.rows[..self.row_count as usize]);
        }
        let (newer, older) = self.rows.split_at((self.row_count % WINDOW_ROWS as u64) as usize);
        Some(SpeechWindow::of_halves(older, newer))
    }

    /// Forgets all sound: what comes next doesn't continue what came before.
    pub fn clear(&mut self) {
        self.filled = 0;
        self.row_count = 0;
    }
}

impl Default for SpeechStream {
    fn default() -> Self {
        Self::new()
    }
}
