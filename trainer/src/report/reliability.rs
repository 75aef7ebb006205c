//! Whether confidence means what it says: the share right by confidence (Guo et al. 2017), before and after calibration.

use super::figure::{Anchor, Axes, Figure, Paint, Range};
use crate::evaluate::{CalibrationBin, Scores};

const SIZE: [f32; 2] = [400.0, 400.0];
const BEFORE: Paint = Paint::Series(1);
const AFTER: Paint = Paint::Series(0);

/// Bins of fewer samples tell nothing.
const FEWEST_SAMPLES: usize = 5;

/// Height of the samples' bars below the diagram, in points.
const BARS: f32 = 56.0;

/// Draws the share right over the mean confidence of each bin, and how many samples the bins hold.
///
/// * `before`, `after`: the same answers without and with the temperature
pub fn reliability_figure(before: &Scores, after: &Scores, title: &str) -> Figure {
    let description = format!(
        "Share right over confidence; on the diagonal they are equal. Expected calibration error {:.3} before and {:.3} after \
         calibration.",
        before.expected_calibration_error, after.expected_calibration_error
    );
    let mut figure = Figure::new(SIZE, title, description);
    let percent = Range { low: 0.0, high: 100.0 };
    let axes = Axes { origin: [48.0, 288.0], size: [336.0, 252.0], x: percent, y: percent };
    figure.text("Right (%)", [axes.origin[0], 18.0], Anchor::Start, Paint::Ink);
    let names = [("before", BEFORE), ("after calibration", AFTER)];
    figure.legend(&names, [axes.origin[0] + axes.size[0], 18.0]);
    axes.draw(&mut figure, percent.ticks(5.0).map(|tick| (tick, tick.to_string())), "Confidence (%)");
    figure.dashed_line(axes.place([0.0, 0.0]), axes.place([100.0, 100.0]), 1.0, Paint::Ink);
    for (scores, paint) in [(before, BEFORE), (after, AFTER)] {
        let told = scores.calibration.iter().filter(|bin| bin.samples >= FEWEST_SAMPLES);
        let points: Vec<[f32; 2]> = told.map(|bin| axes.place(place(bin))).collect();
        figure.curve(&points, 1.8, paint);
        points.iter().for_each(|&point| figure.disc(point, 3.0, paint));
    }
    draw_counts(&mut figure, &axes, [before, after]);
    figure
}

/// Mean confidence and share right of a bin, in percent.
fn place(bin: &CalibrationBin) -> [f32; 2] {
    let samples = bin.samples as f64;
    [100.0 * bin.confidence / samples, 100.0 * bin.right as f64 / samples].map(|value| value as f32)
}

/// A pair of bars a bin: how many samples it holds.
fn draw_counts(figure: &mut Figure, axes: &Axes, both: [&Scores; 2]) {
    let base = SIZE[1] - 8.0;
    let bins = both.iter().map(|scores| scores.calibration.len()).max().unwrap_or(0).max(1);
    let most = both.iter().flat_map(|scores| &scores.calibration).map(|bin| bin.samples).max().unwrap_or(0).max(1);
    let step = axes.size[0] / bins as f32;
    figure.text(most.to_string(), [axes.origin[0] - 6.0, base - BARS + 6.0], Anchor::End, Paint::Ink);
    figure.text("0", [axes.origin[0] - 6.0, base - 5.0], Anchor::End, Paint::Ink);
    for (side, (scores, paint)) in both.into_iter().zip([BEFORE, AFTER]).enumerate() {
        for (index, bin) in scores.calibration.iter().enumerate() {
            let height = BARS * bin.samples as f32 / most as f32;
            let left = axes.origin[0] + index as f32 * step + 2.0 + side as f32 * (step / 2.0 - 2.0);
            figure.rectangle([left, base - height], [step / 2.0 - 3.0, height], paint);
        }
    }
    figure.line([axes.origin[0], base], [axes.origin[0] + axes.size[0], base], 1.0, Paint::Ink);
}

#[cfg(test)]
mod tests {
    use super::*;
    use moodbox_shared::Emotion;

    fn scores(confidence: f32, samples: usize, right: usize) -> Scores {
        let truth = |index| if index < right { Emotion::Happy } else { Emotion::Sad };
        let posteriors = [confidence, 1.0 - confidence];
        Scores::new(&[Emotion::Happy, Emotion::Sad], (0..samples).map(|index| (truth(index), &posteriors[..])))
    }

    #[test]
    fn a_bin_lies_at_its_confidence_and_its_share_right() {
        let bins = scores(0.9, 10, 6).calibration;
        let bin = bins.iter().find(|bin| bin.samples == 10).unwrap();
        let [confidence, right] = place(bin);
        assert!((confidence - 90.0).abs() < 1e-3 && (right - 60.0).abs() < 1e-3);
    }

    #[test]
    fn both_curves_are_named_with_their_errors_and_few_samples_make_no_point() {
        let svg = reliability_figure(&scores(0.9, 10, 6), &scores(0.6, 4, 2), "Reliability").to_svg();
        assert!(svg.contains("0.300 before and 0.100 after"), "{svg}");
        assert_eq!(svg.matches("<circle class=\"series-1\"").count(), 2, "the only point, as curve and as mark");
        assert_eq!(svg.matches("<circle class=\"series-0\"").count(), 0);
    }
}
