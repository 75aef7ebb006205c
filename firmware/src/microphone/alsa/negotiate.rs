//! What a microphone is asked for: as near to 16 kHz mono as it goes by itself.

use ::alsa::ValueOr;
use ::alsa::pcm::{Access, Format, Frames, HwParams, PCM};
use moodbox_shared::audio::{HOP, SAMPLE_RATE};

/// Sound that the driver keeps for us: half a second, in which nothing is lost while the processor is busy elsewhere.
pub const BUFFERS_PER_SECOND: u32 = 2;

/// Sound after which the driver wakes us: two hops, in microseconds.
const PERIOD_US: u32 = 2 * HOP as u32 * 1_000_000 / SAMPLE_RATE as u32;

/// Most channels that are mixed; a device that claims more has a mistaken driver.
const MAX_CHANNELS: u32 = 64;

/// Rates in the order in which they are asked for: the wanted one, then the lowest above it, which loses nothing, then those that take
/// more to be brought to it.
pub const USUAL_RATES_HZ: [u32; 7] = [SAMPLE_RATE as u32, 32_000, 48_000, 96_000, 192_000, 22_050, 44_100];

/// Formats that are read, the cheapest first.
pub const READABLE_FORMATS: [(Format, Layout); 3] =
    [(Format::s16(), Layout::S16), (Format::s32(), Layout::S32), (Format::float(), Layout::Float)];

/// How a sample lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// 16 bits, signed.
    S16,
    /// 32 bits, signed.
    S32,
    /// A float of 32 bits, 1 at full scale.
    Float,
}

impl Layout {
    /// Bytes of a sample.
    pub const fn sample_bytes(self) -> usize {
        match self {
            Self::S16 => 2,
            Self::S32 | Self::Float => 4,
        }
    }
}

/// What a device has agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How a sample lies in memory.
    pub layout: Layout,
    /// Samples of a channel in a second.
    pub rate_hz: u32,
    /// Samples of a moment.
    pub channels: u16,
}

/// Sets the device up; `None` where it has no format that is read.
pub fn negotiate(pcm: &PCM) -> Result<Option<Terms>, ::alsa::Error> {
    let parameters = HwParams::any(pcm)?;
    // Not every kind of device can be asked; those that can't don't convert.
    let _ = parameters.set_rate_resample(false);
    parameters.set_access(Access::RWInterleaved)?;
    let formats = READABLE_FORMATS.into_iter();
    let Some((format, layout)) = formats.into_iter().find(|(format, _)| parameters.test_format(*format).is_ok()) else {
        return Ok(None);
    };
    parameters.set_format(format)?;
    let channels = parameters.set_channels_near(1)?.min(MAX_CHANNELS);
    parameters.set_channels(channels)?;
    let rate_hz = nearest_rate(&parameters)?;
    parameters.set_buffer_size_near(Frames::from(rate_hz / BUFFERS_PER_SECOND))?;
    // A device with periods of its own keeps them, and wakes us as it likes.
    let _ = parameters.set_period_time_near(PERIOD_US, ValueOr::Nearest);
    pcm.hw_params(&parameters)?;
    Ok(Some(Terms { layout, rate_hz, channels: channels as u16 }))
}

/// A usual rate, else whatever is nearest.
fn nearest_rate(parameters: &HwParams<'_>) -> Result<u32, ::alsa::Error> {
    match USUAL_RATES_HZ.into_iter().find(|&rate_hz| parameters.test_rate(rate_hz).is_ok()) {
        Some(rate_hz) => parameters.set_rate(rate_hz, ValueOr::Nearest).map(|()| rate_hz),
        None => parameters.set_rate_near(SAMPLE_RATE as u32, ValueOr::Nearest),
    }
}
