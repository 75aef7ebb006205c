//! Many small pictures on one sheet, each with what it shows and what a network said.

use image::RgbImage;
use moodbox_shared::Emotion;

use super::figure::{Anchor, Figure, Paint};

/// A picture with truth and answer.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What the network saw or heard.
    pub picture: RgbImage,
    /// As the data set names it.
    pub id: String,
    /// What it shows.
    pub truth: Emotion,
    /// What the network said.
    pub answer: Emotion,
    /// How sure it was, 0 to 1.
    pub confidence: f32,
}

const COLUMNS: usize = 6;

/// Width and height of a picture, and of the text below it, in points.
const PICTURE: [f32; 2] = [112.0, 96.0];
const TEXT: f32 = 40.0;
const GAP: f32 = 16.0;

impl Sample {
    /// Whether the answer is the truth.
    pub fn is_right(&self) -> bool {
        self.truth == self.answer
    }
}

/// Draws samples in rows; wrong answers are coloured.
pub fn sheet_figure(samples: &[Sample], title: &str) -> Figure {
    let rows = samples.len().div_ceil(COLUMNS);
    let [width, height] = [PICTURE[0] + GAP, PICTURE[1] + TEXT + GAP];
    let size = [GAP + COLUMNS as f32 * width, 32.0 + rows as f32 * height];
    let right = samples.iter().filter(|sample| sample.is_right()).count();
    let mut figure = Figure::new(size, title, format!("{} samples, {right} of them answered right.", samples.len()));
    figure.text(title, [GAP, 16.0], Anchor::Start, Paint::Ink);
    for (index, sample) in samples.iter().enumerate() {
        let corner = [GAP + (index % COLUMNS) as f32 * width, 32.0 + (index / COLUMNS) as f32 * height];
        let paint = if sample.is_right() { Paint::Ink } else { Paint::Series(1) };
        figure.picture(sample.picture.clone(), [corner[0] + fitted_left(sample), corner[1]], fitted(sample));
        let answer = format!("{} {:.0} %", sample.answer, 100.0 * sample.confidence);
        for (line, text) in [sample.truth.to_string(), answer].into_iter().enumerate() {
            let at = [corner[0] + PICTURE[0] / 2.0, corner[1] + PICTURE[1] + 12.0 + 16.0 * line as f32];
            figure.text(text, at, Anchor::Middle, if line == 0 { Paint::Ink } else { paint });
        }
    }
    figure
}

/// A square stays a square; anything wider takes the whole width.
fn fitted(sample: &Sample) -> [f32; 2] {
    let is_square = sample.picture.width() == sample.picture.height();
    if is_square { [PICTURE[1], PICTURE[1]] } else { PICTURE }
}

fn fitted_left(sample: &Sample) -> f32 {
    (PICTURE[0] - fitted(sample)[0]) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_and_wrong_answers_are_told_apart() {
        let sample = |answer| Sample {
            picture: RgbImage::new(32, 32),
            id: "a.png".to_owned(),
            truth: Emotion::Happy,
            answer,
            confidence: 0.876,
        };
        let samples = [sample(Emotion::Happy), sample(Emotion::Sad)];
        let svg = sheet_figure(&samples, "Samples").to_svg();
        assert_eq!(svg.matches("<image").count(), 2);
        assert!(svg.contains("2 samples, 1 of them answered right."));
        let coloured: Vec<&str> = svg.lines().filter(|line| line.contains("<text class=\"series-1\"")).collect();
        assert!(coloured.len() == 1 && coloured[0].contains("sad 88 %"), "{coloured:?}");
        assert_eq!(sheet_figure(&[], "Samples").to_picture().height(), 48);
    }
}
