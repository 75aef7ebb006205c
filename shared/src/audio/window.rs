//! The rows that the speech network reads at once, and how clips of any length are cut into such windows.

use super::{CHROMA_FFT, FeatureRow, HOP, SAMPLE_RATE, WINDOW_ROWS, WINDOW_STEP_ROWS};

/// Rows whose samples all lie within the first 0.3 s: taken to be the sound of the room.
const ROOM_ROWS: usize = (SAMPLE_RATE * 3 / 10 - CHROMA_FFT) / HOP + 1;

/// Rows that `samples` samples complete.
pub const fn row_count(samples: usize) -> usize {
    if samples < CHROMA_FFT { 0 } else { (samples - CHROMA_FFT) / HOP + 1 }
}

/// The first row of each window in which a clip of `rows` rows is scored: one every half second, and one that ends with the clip.
///
/// A clip shorter than a window has one, at 0; a clip without rows none.
pub fn window_starts(rows: usize) -> impl Iterator<Item = usize> + Clone {
    let last = rows.saturating_sub(WINDOW_ROWS);
    let regular = (0..last).step_by(WINDOW_STEP_ROWS);
    regular.chain((rows > 0).then_some(last))
}

/// 192 rows, oldest first, borrowed from where they lie.
///
/// Where fewer are there, because the sound has only begun or the clip is short, what is missing in front is filled with the room sound that
/// the rows begin with, played backwards and forwards in turn: the network never sees digital silence that no room has.
#[derive(Clone, Copy, Debug)]
pub struct SpeechWindow<'a> {
    older: &'a [FeatureRow],
    newer: &'a [FeatureRow],
}

impl<'a> SpeechWindow<'a> {
    /// The window that ends with the last of `rows`; `None` where there are no rows.
    pub fn ending(rows: &'a [FeatureRow]) -> Option<Self> {
        let newest = &rows[rows.len().saturating_sub(WINDOW_ROWS)..];
        (!newest.is_empty()).then_some(Self { older: newest, newer: &[] })
    }

    /// The two halves of a full ring: together 192 rows.
    pub(super) fn of_halves(older: &'a [FeatureRow], newer: &'a [FeatureRow]) -> Self {
        debug_assert_eq!(older.len() + newer.len(), WINDOW_ROWS);
        Self { older, newer }
    }

    /// All 192 rows, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &'a FeatureRow> + Clone + use<'a> {
        let (older, newer) = (self.older, self.newer);
        let missing = WINDOW_ROWS - older.len() - newer.len();
        let room = &older[..older.len().min(ROOM_ROWS)];
        let lead = (1..=missing).rev().map(move |distance| &room[mirrored(distance, room.len())]);
        lead.chain(older).chain(newer)
    }
}

/// The row that stands `distance` rows before the first of `room` rows: 0, 1, … room − 1, room − 1, … 1, 0, 0, 1, …
fn mirrored(distance: usize, room: usize) -> usize {
    let step = (distance - 1) % (2 * room);
    step.min(2 * room - 1 - step)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    /// Rows that carry their number.
    fn numbered(count: usize) -> Vec<FeatureRow> {
        (0..count).map(|number| FeatureRow([number as f32; crate::audio::FEATURES])).collect()
    }

    fn numbers(window: SpeechWindow<'_>) -> Vec<usize> {
        window.iter().map(|row| row.0[0] as usize).collect()
    }

    #[test]
    fn a_long_clip_is_scored_every_half_second_and_at_its_end() {
        assert_eq!(window_starts(192 + 70).collect::<Vec<_>>(), [0, 31, 62, 70]);
        assert_eq!(window_starts(192 + 62).collect::<Vec<_>>(), [0, 31, 62]);
        assert_eq!(window_starts(192).collect::<Vec<_>>(), [0]);
        assert_eq!(window_starts(3).collect::<Vec<_>>(), [0]);
        assert_eq!(window_starts(0).count(), 0);
    }

    #[test]
    fn rows_need_all_their_samples() {
        assert_eq!([2047, 2048, 2303, 2304].map(row_count), [0, 1, 1, 2]);
    }

    #[test]
    fn what_ends_a_long_sound_is_the_window() {
        let rows = numbered(200);
        assert_eq!(numbers(SpeechWindow::ending(&rows).unwrap()), (8..200).collect::<Vec<_>>());
        assert!(SpeechWindow::ending(&[]).is_none());
    }

    #[test]
    fn a_short_sound_keeps_the_room_before_it() {
        let rows = numbered(160);
        let window = numbers(SpeechWindow::ending(&rows).unwrap());
        assert_eq!(window.len(), WINDOW_ROWS);
        assert_eq!(window[32..], (0..160).collect::<Vec<_>>());
        let before: Vec<usize> = window[..32].iter().rev().copied().collect();
        let there: Vec<usize> = (0..ROOM_ROWS).collect();
        let back: Vec<usize> = (0..ROOM_ROWS).rev().collect();
        assert_eq!(before, [there.clone(), back, there].concat()[..32]);
    }

    #[test]
    fn a_single_row_fills_a_window() {
        assert_eq!(numbers(SpeechWindow::ending(&numbered(1)).unwrap()), [0; WINDOW_ROWS]);
    }
}
