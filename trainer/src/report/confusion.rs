//! The confusion matrix as a picture: truth down, answer across, each row shaded by its shares.

use super::figure::{Anchor, Figure, Paint};
use crate::evaluate::Scores;

/// Side of a cell, in points: the longest of the emotions' names fits over it.
const CELL: f32 = 66.0;

/// Room for the emotions' names, at the left and above.
const NAMES: [f32; 2] = [84.0, 52.0];

/// Draws counts, and below each its share of the row.
pub fn confusion_figure(scores: &Scores, title: &str) -> Figure {
    let side = scores.classes.len() as f32 * CELL;
    let description = format!(
        "{} samples, {:.1} % right. Rows are the truth, columns the answer.",
        scores.samples,
        100.0 * scores.accuracy
    );
    let mut figure = Figure::new([NAMES[0] + side + 8.0, NAMES[1] + side + 8.0], title, description);
    figure.text(title, [8.0, 12.0], Anchor::Start, Paint::Ink);
    for (index, class) in scores.classes.iter().enumerate() {
        let middle = (index as f32 + 0.5) * CELL;
        figure.text(class.name(), [NAMES[0] + middle, NAMES[1] - 12.0], Anchor::Middle, Paint::Ink);
        figure.text(class.name(), [NAMES[0] - 8.0, NAMES[1] + middle], Anchor::End, Paint::Ink);
    }
    for (row, counts) in scores.confusion.iter().enumerate() {
        let total: usize = counts.iter().sum();
        for (column, &count) in counts.iter().enumerate() {
            let share = count as f32 / total.max(1) as f32;
            let corner = [NAMES[0] + column as f32 * CELL, NAMES[1] + row as f32 * CELL];
            let (inner, inner_size) = ([corner[0] + 1.0, corner[1] + 1.0], [CELL - 3.0; 2]);
            figure.rectangle(corner, [CELL - 1.0; 2], Paint::Faint);
            figure.rectangle(inner, inner_size, Paint::Paper);
            figure.rectangle(inner, inner_size, Paint::Heat(share));
            let middle = corner[0] + CELL / 2.0;
            figure.text(count.to_string(), [middle, corner[1] + 24.0], Anchor::Middle, Paint::OnHeat(share));
            let percent = format!("{:.0} %", 100.0 * share);
            figure.text(percent, [middle, corner[1] + 42.0], Anchor::Middle, Paint::OnHeat(share));
        }
    }
    figure
}

#[cfg(test)]
mod tests {
    use super::*;
    use moodbox_shared::Emotion;

    #[test]
    fn every_cell_has_its_count_and_share() {
        let classes = [Emotion::Happy, Emotion::Surprised];
        let answers = [(Emotion::Happy, [0.9, 0.1]), (Emotion::Happy, [0.2, 0.8]), (Emotion::Happy, [0.7, 0.3])];
        let scores = Scores::new(&classes, answers.iter().map(|(truth, posteriors)| (*truth, &posteriors[..])));
        let svg = confusion_figure(&scores, "Confusion").to_svg();
        for text in [">2<", ">67 %<", ">1<", ">33 %<", ">0 %<", "3 samples, 66.7 % right"] {
            assert!(svg.contains(text), "{text} in {svg}");
        }
        assert!(svg.contains("fill-opacity=\"0.667\""));
    }
}
