//! Accuracy and loss over the epochs, for learning and for selection.

use std::path::Path;

use super::figure::{Anchor, Axes, Figure, Paint, Range};
use super::{EpochRecord, ReportError, write_png};

/// Width and height of a diagram, in points.
const SIZE: [f32; 2] = [400.0, 320.0];

/// What the axes leave free: left, right, above, below.
const MARGINS: [f32; 4] = [48.0, 16.0, 36.0, 40.0];

const TRAIN: Paint = Paint::Series(0);
const SELECTION: Paint = Paint::Series(1);

const CURVE_WIDTH: f32 = 1.8;

/// A diagram of one figure.
struct Panel {
    title: &'static str,
    train: fn(&EpochRecord) -> f32,
    selection: fn(&EpochRecord) -> f32,
    /// What the values are multiplied by for the axis.
    unit: f32,
    /// What the axis never goes beyond.
    ceiling: f32,
}

const ACCURACY: Panel = Panel {
    title: "Accuracy (%)",
    train: |record| record.train_accuracy,
    selection: |record| record.selection_accuracy,
    unit: 100.0,
    ceiling: 100.0,
};

const LOSS: Panel = Panel {
    title: "Loss (cross-entropy)",
    train: |record| record.train_loss,
    selection: |record| record.selection_loss,
    unit: 1.0,
    ceiling: f32::INFINITY,
};

/// Writes the curves of a run as PNG.
pub fn curves_png(path: &Path, history: &[EpochRecord]) -> Result<(), ReportError> {
    write_png(path, &curves(history).to_picture())
}

/// Draws accuracy and loss side by side; the epoch with the best selection accuracy is marked.
///
/// An empty history gives empty diagrams; values that are no numbers leave gaps.
pub fn curves(history: &[EpochRecord]) -> Figure {
    let mut figure = Figure::new([2.0 * SIZE[0], SIZE[1]], "Accuracy and loss by epoch", description(history));
    for (panel, left) in [(ACCURACY, 0.0), (LOSS, SIZE[0])] {
        panel.draw(&mut figure, history, left);
    }
    figure
}

/// Accuracy alone.
pub fn accuracy_curve(history: &[EpochRecord]) -> Figure {
    ACCURACY.figure(history, "Accuracy by epoch")
}

/// Loss alone.
pub fn loss_curve(history: &[EpochRecord]) -> Figure {
    LOSS.figure(history, "Loss by epoch")
}

/// The first epoch of those with the highest selection accuracy.
fn best_epoch(history: &[EpochRecord]) -> Option<&EpochRecord> {
    history
        .iter()
        .filter(|record| record.selection_accuracy.is_finite())
        .reduce(|best, record| if record.selection_accuracy > best.selection_accuracy { record } else { best })
}

fn description(history: &[EpochRecord]) -> String {
    match (best_epoch(history), history.last()) {
        (None, None) => "Nothing has been learned yet.".to_owned(),
        (None, Some(last)) => {
            format!("{} epochs; nothing chose. The last one has a loss of {:.3}.", last.epoch, last.train_loss)
        }
        (Some(best), _) => format!(
            "{} epochs; the best on the selection data is epoch {} with {:.1} % right.",
            history.len(),
            best.epoch,
            100.0 * best.selection_accuracy
        ),
    }
}

impl Panel {
    fn figure(&self, history: &[EpochRecord], title: &str) -> Figure {
        let mut figure = Figure::new(SIZE, title, description(history));
        self.draw(&mut figure, history, 0.0);
        figure
    }

    fn draw(&self, figure: &mut Figure, history: &[EpochRecord], left: f32) {
        let axes = self.axes(history, left);
        let title_y = MARGINS[2] / 2.0;
        figure.text(self.title, [axes.origin[0], title_y], Anchor::Start, Paint::Ink);
        let all = [("train", TRAIN), ("selection", SELECTION)];
        let drawn = if history.is_empty() || best_epoch(history).is_some() { &all[..] } else { &all[..1] };
        figure.legend(drawn, [axes.origin[0] + axes.size[0], title_y]);
        let epochs = axes.x.ticks(8.0).filter(|tick| tick.fract() == 0.0 && *tick >= 1.0);
        axes.draw(figure, epochs.map(|tick| (tick, tick.to_string())), "Epoch");
        for (value, paint) in [(self.train, TRAIN), (self.selection, SELECTION)] {
            let place = |record| axes.place([EpochRecord::epoch_number(record), value(record) * self.unit]);
            figure.curve(&history.iter().map(place).collect::<Vec<_>>(), CURVE_WIDTH, paint);
        }
        if let Some(best) = best_epoch(history) {
            let point = axes.place([best.epoch_number(), (self.selection)(best) * self.unit]);
            figure.disc(point, 4.5, SELECTION);
            figure.disc(point, 2.2, Paint::Paper);
        }
    }

    fn axes(&self, history: &[EpochRecord], left: f32) -> Axes {
        let [left_margin, right_margin, above, below] = MARGINS;
        let values = history.iter().flat_map(|record| [(self.train)(record), (self.selection)(record)]);
        let y =
            Range::around(values.map(|value| value * self.unit), 0.01 * self.unit, Range { low: 0.0, high: self.unit });
        let last_epoch = history.iter().map(EpochRecord::epoch_number).fold(2.0, f32::max);
        Axes {
            origin: [left + left_margin, SIZE[1] - below],
            size: [SIZE[0] - left_margin - right_margin, SIZE[1] - above - below],
            x: Range { low: 1.0, high: last_epoch },
            y: y.within(0.0, self.ceiling),
        }
    }
}

impl EpochRecord {
    fn epoch_number(&self) -> f32 {
        self.epoch as f32
    }
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

    fn pixels_of(figure: &Figure, paint: Paint) -> usize {
        figure.to_picture().into_rgb8().pixels().filter(|pixel| pixel.0 == paint.rgb()).count()
    }

    #[test]
    fn both_curves_are_drawn_in_both_diagrams() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("curves.png");
        curves_png(&path, &history(40)).unwrap();
        let picture = image::open(&path).unwrap().into_rgb8();
        let (width, height) = picture.dimensions();
        assert_eq!((width, height), (1200, 480));
        for half in [0..width / 2, width / 2..width] {
            for paint in [TRAIN, SELECTION] {
                let count =
                    picture.enumerate_pixels().filter(|(x, _, p)| half.contains(x) && p.0 == paint.rgb()).count();
                assert!(count > 400, "{paint:?}: {count}");
            }
        }
    }

    #[test]
    fn a_history_of_nothing_or_of_nonsense_is_drawn_all_the_same() {
        assert!(pixels_of(&curves(&[]), Paint::Ink) > 100);
        assert!(pixels_of(&curves(&history(1)), TRAIN) > 10);
        let mut broken = history(5);
        broken[2].train_loss = f32::NAN;
        broken[3].selection_loss = f32::INFINITY;
        assert!(pixels_of(&curves(&broken), TRAIN) > 100);
        let same = vec![history(1)[0]; 3];
        assert!(pixels_of(&curves(&same), Paint::Ink) > 100);
    }

    #[test]
    fn the_words_name_the_best_epoch() {
        let history = history(40);
        let (svg, best) = (accuracy_curve(&history).to_svg(), best_epoch(&history).unwrap());
        assert!(svg.contains(&format!("40 epochs; the best on the selection data is epoch {}", best.epoch)), "{svg}");
    }
}
