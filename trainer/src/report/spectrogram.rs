//! Speech features as a picture that people can read: mel bands upwards, time to the right, loud is bright.

use image::{Rgb, RgbImage};
use moodbox_shared::audio::{FeatureRow, MEL_BANDS};

/// From the loudest band down to here everything is visible, in dB.
const SPAN_DB: f32 = 70.0;

/// From quiet to loud: nine evenly spaced colours of the map "magma" (Smith and van der Walt 2015), between which is interpolated.
const COLORS: [[u8; 3]; 9] = [
    [0, 0, 4],
    [28, 16, 68],
    [79, 18, 123],
    [129, 37, 129],
    [181, 54, 122],
    [229, 80, 100],
    [251, 135, 97],
    [254, 194, 135],
    [252, 253, 191],
];

/// Draws the log-mel part of rows of features, a pixel a row and band.
pub fn spectrogram(rows: &[FeatureRow]) -> RgbImage {
    let loudest = rows.iter().flat_map(|row| row.mel_db()).copied().fold(f32::NEG_INFINITY, f32::max);
    RgbImage::from_fn(rows.len() as u32, MEL_BANDS as u32, |x, y| {
        let decibels = rows[x as usize].mel_db()[MEL_BANDS - 1 - y as usize];
        Rgb(color(1.0 + (decibels - loudest) / SPAN_DB))
    })
}

/// * `loudness`: from 0 to 1
fn color(loudness: f32) -> [u8; 3] {
    let place = loudness.clamp(0.0, 1.0) * (COLORS.len() - 1) as f32;
    let below = (place as usize).min(COLORS.len() - 2);
    let share = place - below as f32;
    std::array::from_fn(|channel| {
        let (low, high) = (f32::from(COLORS[below][channel]), f32::from(COLORS[below + 1][channel]));
        (low + share * (high - low)).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_notes_are_below_and_loud_ones_bright() {
        let mut rows = vec![FeatureRow([-100.0; moodbox_shared::audio::FEATURES]); 3];
        rows[1].0[FeatureRow::MEL_START] = 0.0;
        let picture = spectrogram(&rows);
        assert_eq!(picture.dimensions(), (3, 128));
        assert_eq!(picture.get_pixel(1, 127).0, COLORS[8]);
        assert_eq!(picture.get_pixel(1, 0).0, COLORS[0]);
        assert_eq!(spectrogram(&[]).dimensions().0, 0);
    }

    #[test]
    fn colours_run_evenly() {
        assert_eq!([color(0.0), color(0.5), color(1.0), color(9.0)], [COLORS[0], COLORS[4], COLORS[8], COLORS[8]]);
        assert_eq!(color(1.0 / 16.0), [14, 8, 36]);
    }
}
