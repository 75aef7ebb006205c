//! Fused posteriors over time: a moving average, so that one odd frame does not flip the answer.

use crate::SpeechPosteriors;

/// Exponentially weighted average of posteriors, by time and not by count: frames may come at any rate.
#[derive(Clone, Debug)]
pub struct Smoother {
    time_constant_ms: u32,
    state: Option<(u64, SpeechPosteriors)>,
}

impl Smoother {
    /// Forgets by a factor of e within `time_constant_ms`; 0 does not smooth at all.
    pub const fn new(time_constant_ms: u32) -> Self {
        Self { time_constant_ms, state: None }
    }

    /// Takes what was seen at `time_ms` and returns the average so far. The first value after a [`clear`](Self::clear) stands as it is.
    pub fn push(&mut self, time_ms: u64, fused: SpeechPosteriors) -> SpeechPosteriors {
        let smoothed = match self.state {
            Some((last_ms, average)) if self.time_constant_ms > 0 => {
                let elapsed = time_ms.saturating_sub(last_ms) as f32;
                let keep = libm::expf(-elapsed / self.time_constant_ms as f32);
                let mut weights = *average.as_array();
                for (weight, new) in weights.iter_mut().zip(fused.as_array()) {
                    *weight = keep * *weight + (1.0 - keep) * new;
                }
                SpeechPosteriors::from_weights(weights)
            }
            _ => fused,
        };
        self.state = Some((time_ms, smoothed));
        smoothed
    }

    /// Forgets everything: whoever comes next is somebody else.
    pub fn clear(&mut self) {
        self.state = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certain(index: usize) -> SpeechPosteriors {
        let mut weights = [0.0; 8];
        weights[index] = 1.0;
        SpeechPosteriors::from_weights(weights)
    }

    #[test]
    fn one_odd_frame_changes_little_and_a_second_of_them_everything() {
        let mut smoother = Smoother::new(400);
        smoother.push(0, certain(2));
        assert_eq!(smoother.push(33, certain(4)).best().0, 2);
        let mut last = 2;
        for frame in 2..32 {
            last = smoother.push(frame * 33, certain(4)).best().0;
        }
        assert_eq!(last, 4);
    }

    #[test]
    fn the_rate_of_the_frames_does_not_matter() {
        let (mut fast, mut slow) = (Smoother::new(400), Smoother::new(400));
        fast.push(0, certain(2));
        slow.push(0, certain(2));
        let mut at_fast = certain(2);
        for ms in 1..=200 {
            at_fast = fast.push(ms, certain(4));
        }
        let at_slow = slow.push(200, certain(4));
        assert!((at_fast.as_array()[4] - at_slow.as_array()[4]).abs() < 1e-3);
    }

    #[test]
    fn after_clearing_the_first_value_stands() {
        let mut smoother = Smoother::new(400);
        smoother.push(0, certain(2));
        smoother.clear();
        assert_eq!(smoother.push(10, certain(5)), certain(5));
    }
}
