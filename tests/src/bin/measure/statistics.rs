//! Medians, spreads and intervals.

use std::fmt;

/// Middle of a set of numbers, and what holds nine tenths of them.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// Half lie below.
    pub median: f32,
    /// A twentieth lies below.
    pub low: f32,
    /// A twentieth lies above.
    pub high: f32,
}

impl Spread {
    /// Zeros where there are no numbers.
    pub fn of(values: impl IntoIterator<Item = f32>) -> Self {
        let mut values: Vec<f32> = values.into_iter().collect();
        values.sort_by(f32::total_cmp);
        let at = |share: f32| values.get((share * values.len() as f32) as usize).copied().unwrap_or_default();
        Self { median: at(0.5), low: at(0.05), high: at(0.95) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.3} [{:.3}, {:.3}]", self.median, self.low, self.high)
    }
}

/// Two answers to the same questions.
#[derive(Clone, Copy, Debug)]
pub struct Paired {
    /// Share of right first answers.
    pub before: f64,
    /// Share of right second answers.
    pub after: f64,
    /// Half of the 95 % interval of `after - before`.
    half_interval: f64,
}

impl Paired {
    /// Of each question: whether the first, and whether the second answer is right.
    pub fn of(answers: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let answers: Vec<(bool, bool)> = answers.into_iter().collect();
        let count = answers.len().max(1) as f64;
        let share =
            |counts: &dyn Fn(&(bool, bool)) -> bool| answers.iter().filter(|pair| counts(pair)).count() as f64 / count;
        let (before, after) = (share(&|pair| pair.0), share(&|pair| pair.1));
        // The variance of differences of −1, 0 and 1.
        let variance = share(&|pair| pair.0 != pair.1) - (after - before).powi(2);
        Self { before, after, half_interval: 1.96 * (variance / count).sqrt() }
    }
}

impl fmt::Display for Paired {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let points = |share: f64| 100.0 * share;
        let gain = self.after - self.before;
        let (low, high) = (gain - self.half_interval, gain + self.half_interval);
        write!(formatter, "{:+.1} points ({:+.1} to {:+.1})", points(gain), points(low), points(high))
    }
}
