//! Speech features of whole clips, computed with the code of the box: what training cuts its windows from.

use moodbox_shared::audio::{self, FeatureRow, SpeechStream, SpeechWindow, WINDOW_ROWS};
use rayon::prelude::*;

/// All rows of a clip of 16 kHz samples, oldest first.
///
/// Any [`WINDOW_ROWS`] consecutive rows are a window as the box sees one ([`SpeechWindow::ending`] takes such a slice). A clip too short for
/// a window has the room sound that it begins with put in front, as the box does, so that there are exactly [`WINDOW_ROWS`] rows; a clip too
/// short for a single row (0.128 s) has none.
pub fn clip_rows(samples: &[i16]) -> Vec<FeatureRow> {
    rows_through(&mut SpeechStream::new(), samples)
}

/// [`clip_rows`] of many clips, in their order, on all processors.
pub fn rows_of_clips<C: AsRef<[i16]> + Sync>(clips: &[C]) -> Vec<Vec<FeatureRow>> {
    clips
        .par_iter()
        .map_init(|| Box::new(SpeechStream::new()), |stream, clip| rows_through(stream, clip.as_ref()))
        .collect()
}

/// The first row of each window in which a clip of `samples` samples is scored, see [`audio::window_starts`].
pub fn window_starts(samples: usize) -> impl Iterator<Item = usize> + Clone {
    audio::window_starts(audio::row_count(samples))
}

fn rows_through(stream: &mut SpeechStream, samples: &[i16]) -> Vec<FeatureRow> {
    stream.clear();
    let mut rows = Vec::with_capacity(audio::row_count(samples.len()).max(WINDOW_ROWS));
    stream.push(samples, |_, row| rows.push(*row));
    if rows.len() < WINDOW_ROWS {
        return SpeechWindow::ending(&rows).map_or(Vec::new(), |window| window.iter().copied().collect());
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Something that never repeats.
    fn clip(samples: usize) -> Vec<i16> {
        (0..samples as u64).map(|n| (n.wrapping_mul(n).wrapping_mul(2_654_435_761) >> 20) as i16 / 4).collect()
    }

    #[test]
    fn a_long_clip_has_all_its_rows_and_a_window_at_its_end() {
        let samples = clip(70_000);
        let rows = clip_rows(&samples);
        assert_eq!(rows.len(), (70_000 - 2048) / 256 + 1);
        let starts: Vec<usize> = window_starts(samples.len()).collect();
        assert_eq!(starts, [0, 31, 62, rows.len() - WINDOW_ROWS]);
    }

    #[test]
    fn a_short_clip_ends_its_only_window() {
        let samples = clip(20_000);
        let rows = clip_rows(&samples);
        assert_eq!(rows.len(), WINDOW_ROWS);
        let mut own = Vec::new();
        SpeechStream::new().push(&samples, |_, row| own.push(*row));
        assert_eq!(rows[WINDOW_ROWS - own.len()..], own[..]);
        assert_eq!(rows[WINDOW_ROWS - own.len() - 1], own[0]);
        assert_eq!(window_starts(samples.len()).collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn a_click_has_no_rows() {
        assert!(clip_rows(&clip(2047)).is_empty());
        assert_eq!(window_starts(2047).count(), 0);
    }

    #[test]
    fn many_clips_are_what_each_is_alone() {
        let clips: Vec<Vec<i16>> = (0..8).map(|index| clip(5_000 + index * 3_000)).collect();
        let alone: Vec<_> = clips.iter().map(|clip| clip_rows(clip)).collect();
        assert!(rows_of_clips(&clips) == alone);
    }
}
