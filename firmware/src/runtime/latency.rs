//! How long it takes from a frame's arrival to the light: counted into a fixed histogram, so that median and tail are there at any time.

/// Steps to a doubling: a figure is off by at most 6 %.
const STEPS_PER_OCTAVE: u32 = 8;

/// From 1 µs to more than an hour.
const BINS: usize = (32 * STEPS_PER_OCTAVE) as usize;

/// Latencies since the start.
#[derive(Clone, Debug)]
pub struct Latencies {
    bins: [u32; BINS],
    count: u32,
    worst_us: u32,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { bins: [0; BINS], count: 0, worst_us: 0 }
    }
}

impl Latencies {
    /// Counts one.
    pub fn add(&mut self, latency_us: u64) {
        let latency_us = u32::try_from(latency_us).unwrap_or(u32::MAX);
        self.worst_us = self.worst_us.max(latency_us);
        let bin = &mut self.bins[bin_of(latency_us)];
        if let (Some(more), Some(all)) = (bin.checked_add(1), self.count.checked_add(1)) {
            (*bin, self.count) = (more, all);
        }
    }

    /// The latency that `percent` of all do not exceed, in microseconds; 0 before there is any.
    pub fn percentile_us(&self, percent: u32) -> u32 {
        let wanted = (u64::from(self.count) * u64::from(percent)).div_ceil(100);
        let mut seen = 0;
        for (bin, &count) in self.bins.iter().enumerate() {
            seen += u64::from(count);
            if count > 0 && seen >= wanted {
                return upper_end_us(bin).min(self.worst_us);
            }
        }
        0
    }

    /// The longest, in microseconds.
    pub fn worst_us(&self) -> u32 {
        self.worst_us
    }
}

/// Eight bins an octave: the exponent, and the three bits below the leading one.
fn bin_of(latency_us: u32) -> usize {
    let octave = latency_us.max(1).ilog2();
    let fraction = ((u64::from(latency_us.max(1)) * u64::from(STEPS_PER_OCTAVE)) >> octave) as u32 - STEPS_PER_OCTAVE;
    (octave * STEPS_PER_OCTAVE + fraction) as usize
}

/// The largest latency of a bin.
fn upper_end_us(bin: usize) -> u32 {
    let (octave, fraction) = (bin as u32 / STEPS_PER_OCTAVE, bin as u32 % STEPS_PER_OCTAVE);
    let next = u64::from(STEPS_PER_OCTAVE + fraction + 1) << octave;
    u32::try_from(next.div_ceil(u64::from(STEPS_PER_OCTAVE)) - 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_tail_are_those_of_what_was_counted() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentile_us(50), 0);
        for latency_us in 1..=1_000 {
            latencies.add(latency_us * 10);
        }
        let close = |found: u32, exact: u32| (exact..=exact + exact / 8).contains(&found);
        assert!(close(latencies.percentile_us(50), 5_000), "{}", latencies.percentile_us(50));
        assert!(close(latencies.percentile_us(99), 9_900), "{}", latencies.percentile_us(99));
        assert_eq!(latencies.worst_us(), 10_000);
    }

    #[test]
    fn every_latency_has_its_bin() {
        for latency_us in [0, 1, 2, 7, 8, 9, 1_000, u32::MAX - 1, u32::MAX] {
            let bin = bin_of(latency_us);
            assert!(
                upper_end_us(bin) >= latency_us && (bin == 0 || upper_end_us(bin - 1) <= latency_us),
                "{latency_us}"
            );
        }
        let mut latencies = Latencies::default();
        latencies.add(u64::MAX);
        assert_eq!(latencies.percentile_us(99), u32::MAX);
    }
}
