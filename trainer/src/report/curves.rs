//! Accuracy and loss over the epochs, side by side, for learning and for selection.

use std::path::Path;

use embedded_graphics::text::Alignment;

use super::{Canvas, EpochRecord, ReportError, write_png};

const WIDTH: u32 = 1200;
const HEIGHT: u32 = 480;

const PAPER: [u8; 3] = [255; 3];
const INK: [u8; 3] = [40, 40, 48];
const GRID: [u8; 3] = [224, 226, 230];
/// Told apart by people who can't tell red from green (Okabe & Ito 2008).
const TRAIN: [u8; 3] = [0, 114, 178];
const SELECTION: [u8; 3] = [213, 94, 0];

const CURVE_WIDTH: f32 = 2.5;

/// One of the two diagrams.
struct Panel {
    title: &'static str,
    train: fn(&EpochRecord) -> f32,
    selection: fn(&EpochRecord) -> f32,
    /// What the values are multiplied by for the axis.
    unit: f32,
    /// What the axis never goes beyond.
    ceiling: Option<f32>,
}

const PANELS: [Panel; 2] = [
    Panel {
        title: "Accuracy (%)",
        train: |record| record.train_accuracy,
        selection: |record| record.selection_accuracy,
        unit: 100.0,
        ceiling: Some(100.0),
    },
    Panel {
        title: "Loss (cross-entropy)",
        train: |record| record.train_loss,
        selection: |record| record.selection_loss,
        unit: 1.0,
        ceiling: None,
    },
];

/// Writes the curves of a run as PNG.
pub fn curves_png(path: &Path, history: &[EpochRecord]) -> Result<(), ReportError> {
    write_png(path, &curves(history).into_picture())
}

/// Draws the curves of a run; the epoch with the best selection accuracy is marked.
///
/// An empty history gives empty diagrams; values that are no numbers leave gaps.
pub fn curves(history: &[EpochRecord]) -> Canvas {
    let mut canvas = Canvas::new(WIDTH, HEIGHT, PAPER);
    let best = best_epoch(history);
    for (index, panel) in PANELS.iter().enumerate() {
        let left = index as f32 * WIDTH as f32 / 2.0;
        panel.draw(&mut canvas, history, left, best);
    }
    canvas
}

/// The first of those with the highest selection accuracy.
fn best_epoch(history: &[EpochRecord]) -> Option<&EpochRecord> {
    history
        .iter()
        .filter(|record| record.selection_accuracy.is_finite())
        .reduce(|best, record| if record.selection_accuracy > best.selection_accuracy { record } else { best })
}

impl Panel {
    fn draw(&self, canvas: &mut Canvas, history: &[EpochRecord], left: f32, best: Option<&EpochRecord>) {
        let values = history.iter().flat_map(|record| [(self.train)(record), (self.selection)(record)]);
        let (low, high) = self.range(values);
        let last_epoch = history.iter().map(|record| record.epoch).max().unwrap_or(1).max(2) as f32;

        let (x0, x1) = (left + 64.0, left + WIDTH as f32 / 2.0 - 24.0);
        let (y0, y1) = (HEIGHT as f32 - 56.0, 52.0);
        let place_x = |epoch: f32| x0 + (epoch - 1.0) / (last_epoch - 1.0) * (x1 - x0);
        let place_y = |value: f32| y0 + (value - low) / (high - low) * (y1 - y0);
        let text_height = Canvas::TEXT_HEIGHT as i32;

        canvas.text(self.title, x0 as i32, 16, Alignment::Left, INK);
        self.legend(canvas, x1);
        for tick in ticks(low, high, 5.0) {
            let y = place_y(tick);
            canvas.line([x0, y], [x1, y], 1.0, GRID);
            canvas.text(&label(tick, high - low), x0 as i32 - 8, y as i32 - text_height / 2, Alignment::Right, INK);
        }
        for tick in ticks(1.0, last_epoch, 8.0).filter(|tick| tick.fract() == 0.0 && *tick >= 1.0) {
            let x = place_x(tick);
            canvas.line([x, y0], [x, y0 + 5.0], 1.0, INK);
            canvas.text(&format!("{tick}"), x as i32, y0 as i32 + 9, Alignment::Center, INK);
        }
        canvas.text("Epoch", ((x0 + x1) / 2.0) as i32, y0 as i32 + 28, Alignment::Center, INK);
        canvas.line([x0, y0], [x1, y0], 1.0, INK);
        canvas.line([x0, y0], [x0, y1], 1.0, INK);

        for (value, color) in [(self.train, TRAIN), (self.selection, SELECTION)] {
            let points: Vec<[f32; 2]> = history
                .iter()
                .map(|record| [place_x(record.epoch as f32), place_y(value(record) * self.unit)])
                .collect();
            for pair in points.windows(2) {
                canvas.line(pair[0], pair[1], CURVE_WIDTH, color);
            }
            if let [only] = points[..] {
                canvas.dot(only, CURVE_WIDTH, color);
            }
        }
        if let Some(best) = best {
            let value = (self.selection)(best) * self.unit;
            let point = [place_x(best.epoch as f32), place_y(value)];
            canvas.dot(point, 5.0, SELECTION);
            canvas.dot(point, 2.5, PAPER);
        }
    }

    fn legend(&self, canvas: &mut Canvas, right: f32) {
        let mut right = right;
        for (name, color) in [("selection", SELECTION), ("train", TRAIN)] {
            canvas.text(name, right as i32, 16, Alignment::Right, INK);
            let line_end = right - (name.len() as u32 * Canvas::LETTER_WIDTH) as f32 - 8.0;
            canvas.line([line_end - 22.0, 22.0], [line_end, 22.0], CURVE_WIDTH, color);
            right = line_end - 44.0;
        }
    }

    /// From a little under the lowest to a little over the highest value, in the axis's unit.
    fn range(&self, values: impl Iterator<Item = f32>) -> (f32, f32) {
        let finite = values.filter(|value| value.is_finite()).map(|value| value * self.unit);
        let (low, high) =
            finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            return (0.0, self.unit);
        }
        let margin = (0.05 * (high - low)).max(0.01 * self.unit);
        let high = self.ceiling.map_or(high + margin, |ceiling| (high + margin).min(ceiling.max(high)));
        ((low - margin).max(0.0), high)
    }
}

/// Round numbers between two, about `wanted` of them.
fn ticks(low: f32, high: f32, wanted: f32) -> impl Iterator<Item = f32> {
    let step = round_step((high - low) / wanted);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(move |index| index as f32 * step)
}

/// 1, 2 or 5 times a power of ten, at least as large as `raw`.
fn round_step(raw: f32) -> f32 {
    let magnitude = 10f32.powf(raw.max(1e-6).log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * magnitude >= raw * 0.999).unwrap_or(10.0);
    factor * magnitude
}

/// As many decimals as the axis needs.
fn label(value: f32, span: f32) -> String {
    let decimals = if span < 0.5 {
        2
    } else if span < 5.0 {
        1
    } else {
        0
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(epochs: usize) -> Vec<EpochRecord> {
        let at = |epoch: usize| {
            let progress = 1.0 - (-(epoch as f32) / 12.0).exp();
            EpochRecord {
                epoch,
                train_loss: 2.0 - 1.6 * progress,
                train_accuracy: 0.15 + 0.7 * progress,
                selection_loss: 2.0 - 1.1 * progress + 0.004 * epoch as f32,
                selection_accuracy: 0.15 + 0.5 * progress - 0.0015 * epoch as f32,
                learning_rate: 0.001,
                seconds: 10.0,
            }
        };
        (1..=epochs).map(at).collect()
    }

    fn pixels_of(canvas: Canvas, color: [u8; 3]) -> usize {
        canvas.into_picture().into_rgb8().pixels().filter(|pixel| pixel.0 == color).count()
    }

    #[test]
    fn both_curves_are_drawn_in_both_diagrams() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("curves.png");
        curves_png(&path, &history(40)).unwrap();
        let picture = image::open(&path).unwrap().into_rgb8();
        assert_eq!(picture.dimensions(), (WIDTH, HEIGHT));
        for half in [0..WIDTH / 2, WIDTH / 2..WIDTH] {
            for color in [TRAIN, SELECTION] {
                let count = picture.enumerate_pixels().filter(|(x, _, p)| half.contains(x) && p.0 == color).count();
                assert!(count > 400, "{color:?}: {count}");
            }
        }
    }

    #[test]
    fn a_history_of_nothing_or_of_nonsense_is_drawn_all_the_same() {
        assert!(pixels_of(curves(&[]), INK) > 100);
        assert!(pixels_of(curves(&history(1)), TRAIN) > 10);
        let mut broken = history(5);
        broken[2].train_loss = f32::NAN;
        broken[3].selection_loss = f32::INFINITY;
        assert!(pixels_of(curves(&broken), TRAIN) > 100);
        let same = vec![history(1)[0]; 3];
        assert!(pixels_of(curves(&same), INK) > 100);
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(12.0, 87.0, 5.0).collect::<Vec<_>>(), [20.0, 40.0, 60.0, 80.0]);
        assert_eq!(ticks(1.0, 2.0, 8.0).filter(|tick| tick.fract() == 0.0).collect::<Vec<_>>(), [1.0, 2.0]);
        assert!(ticks(1.0, 300.0, 8.0).count() <= 9);
    }
}
