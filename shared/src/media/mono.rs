//! From interleaved samples of any format to one channel: the one way in which channels are mixed, live and from files.

/// A sample as a sound card or a file has it.
pub trait PcmSample: Copy {
    /// The sample as `[−1, 1)`; a float may be anything.
    fn to_f32(self) -> f32;
}

impl PcmSample for i16 {
    fn to_f32(self) -> f32 {
        f32::from(self) / 32_768.0
    }
}

impl PcmSample for i32 {
    fn to_f32(self) -> f32 {
        self as f32 / 2_147_483_648.0
    }
}

impl PcmSample for f32 {
    fn to_f32(self) -> f32 {
        self
    }
}

/// Mixes moments of interleaved channels down to their mean, however the samples are cut into pieces.
#[derive(Clone, Debug)]
pub struct MonoMixer {
    channels: u16,
    /// Channels of the current moment that are in `sum`.
    mixed: u16,
    sum: f32,
}

impl MonoMixer {
    /// A mixer of `channels` channels, of one where it is 0.
    pub fn new(channels: u16) -> Self {
        Self { channels: channels.max(1), mixed: 0, sum: 0.0 }
    }

    /// Takes the next sample in; when it completes its moment, the mean of the channels comes out.
    ///
    /// A moment in which a channel is no number, or infinite, is silent.
    pub fn push(&mut self, sample: impl PcmSample) -> Option<f32> {
        self.sum += sample.to_f32();
        self.mixed += 1;
        if self.mixed < self.channels {
            return None;
        }
        let mean = self.sum / f32::from(self.channels);
        self.clear();
        Some(if mean.is_finite() { mean } else { 0.0 })
    }

    /// Forgets the channels of an incomplete moment.
    pub fn clear(&mut self) {
        self.mixed = 0;
        self.sum = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_complete_with_its_last_channel() {
        let mut mixer = MonoMixer::new(3);
        assert_eq!([300i16, 600, -900, 16_384].map(|sample| mixer.push(sample)), [None, None, Some(0.0), None]);
        mixer.clear();
        assert_eq!([i32::MIN, 0, 0].map(|sample| mixer.push(sample))[2], Some(-1.0 / 3.0));
    }

    #[test]
    fn what_is_no_number_silences_its_moment_only() {
        let mut mixer = MonoMixer::new(2);
        let samples = [f32::NAN, 0.5, 0.5, f32::INFINITY, f32::MAX, f32::MAX, 0.25, 0.75];
        let moments: [_; 8] = samples.map(|sample| mixer.push(sample));
        assert_eq!([moments[1], moments[3], moments[5], moments[7]], [Some(0.0), Some(0.0), Some(0.0), Some(0.5)]);
    }
}
