//! Axes of diagrams: where values are placed, round numbers beside them, a grid behind.

use super::{Anchor, Figure, Paint};

/// From where to where an axis goes, in its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// At its beginning.
    pub low: f32,
    /// At its end; above `low`.
    pub high: f32,
}

impl Range {
    /// From a little under the lowest to a little over the highest of values; `fallback` where there are none.
    ///
    /// * `margin`: at least so much on either side, in the axis's unit
    pub fn around(values: impl Iterator<Item = f32>, margin: f32, fallback: Self) -> Self {
        let finite = values.filter(|value| value.is_finite());
        let (low, high) =
            finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            return fallback;
        }
        let margin = (0.05 * (high - low)).max(margin);
        Self { low: low - margin, high: high + margin }
    }

    /// Not beyond these.
    pub fn within(self, floor: f32, ceiling: f32) -> Self {
        Self { low: self.low.max(floor), high: self.high.min(ceiling) }
    }

    /// Round numbers, about `wanted` of them.
    pub fn ticks(self, wanted: f32) -> impl Iterator<Item = f32> {
        let step = round_step((self.high - self.low) / wanted);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        (first..=last).map(move |index| index as f32 * step)
    }

    /// As many decimals as the axis needs.
    pub fn label(self, value: f32) -> String {
        let span = self.high - self.low;
        let decimals = if span < 0.5 {
            2
        } else if span < 5.0 {
            1
        } else {
            0
        };
        format!("{value:.decimals$}")
    }

    fn share(self, value: f32) -> f32 {
        (value - self.low) / (self.high - self.low)
    }
}

/// A diagram's frame.
#[derive(Clone, Copy, Debug)]
pub struct Axes {
    /// Where the axes meet: left and bottom, in points.
    pub origin: [f32; 2],
    /// Width and height, in points.
    pub size: [f32; 2],
    /// To the right.
    pub x: Range,
    /// Upwards.
    pub y: Range,
}

impl Axes {
    /// Where a value is drawn.
    pub fn place(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [self.origin[0] + self.x.share(x) * self.size[0], self.origin[1] - self.y.share(y) * self.size[1]]
    }

    /// Draws axes and grid.
    ///
    /// * `x_ticks`: numbers below; those of the y axis are chosen here
    /// * `x_title`: what they are of
    pub fn draw(&self, figure: &mut Figure, x_ticks: impl IntoIterator<Item = (f32, String)>, x_title: &str) {
        let ([left, bottom], [width, height]) = (self.origin, self.size);
        for tick in self.y.ticks(5.0) {
            let [_, y] = self.place([self.x.low, tick]);
            figure.line([left, y], [left + width, y], 1.0, Paint::Faint);
            figure.text(self.y.label(tick), [left - 6.0, y], Anchor::End, Paint::Ink);
        }
        for (tick, label) in x_ticks {
            let [x, _] = self.place([tick, self.y.low]);
            figure.line([x, bottom], [x, bottom + 4.0], 1.0, Paint::Ink);
            figure.text(label, [x, bottom + 13.0], Anchor::Middle, Paint::Ink);
        }
        figure.text(x_title, [left + width / 2.0, bottom + 30.0], Anchor::Middle, Paint::Ink);
        figure.line([left, bottom], [left + width, bottom], 1.0, Paint::Ink);
        figure.line([left, bottom], [left, bottom - height], 1.0, Paint::Ink);
    }
}

/// 1, 2 or 5 times a power of ten, at least as large as `raw`.
fn round_step(raw: f32) -> f32 {
    let magnitude = 10f32.powf(raw.max(1e-6).log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * magnitude >= raw * 0.999).unwrap_or(10.0);
    factor * magnitude
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let ticks = |low, high, wanted| Range { low, high }.ticks(wanted).collect::<Vec<_>>();
        assert_eq!(ticks(12.0, 87.0, 5.0), [20.0, 40.0, 60.0, 80.0]);
        assert_eq!(ticks(-0.4, 0.4, 5.0), [-0.4, -0.2, 0.0, 0.2, 0.4]);
        assert!(ticks(1.0, 300.0, 8.0).len() <= 9);
    }

    #[test]
    fn a_range_has_room_on_both_sides_and_never_no_length() {
        let fallback = Range { low: 0.0, high: 1.0 };
        assert_eq!(Range::around([2.0, 12.0, f32::NAN].into_iter(), 0.1, fallback), Range { low: 1.5, high: 12.5 });
        assert_eq!(Range::around([f32::NAN].into_iter(), 0.1, fallback), fallback);
        let same = Range::around([3.0, 3.0].into_iter(), 0.5, fallback);
        assert_eq!(same, Range { low: 2.5, high: 3.5 });
        assert_eq!(same.within(3.0, 9.0), Range { low: 3.0, high: 3.5 });
    }

    #[test]
    fn values_are_placed_upwards() {
        let axes = Axes {
            origin: [10.0, 100.0],
            size: [50.0, 80.0],
            x: Range { low: 1.0, high: 2.0 },
            y: Range { low: 0.0, high: 4.0 },
        };
        assert_eq!(axes.place([1.0, 0.0]), [10.0, 100.0]);
        assert_eq!(axes.place([2.0, 1.0]), [60.0, 80.0]);
    }
}
