//! What a camera offers, and in which order it is asked for it: the cheapest format that serves comes first.

use crate::config::FrameSize;
use moodbox_shared::vision::{MAX_FRAME_PIXELS, PixelFormat};
use std::fmt;

/// Four letters that name a format.
pub type FourCc = [u8; 4];

/// Formats in the order of what they cost; Motion JPEG, without a pixel format, comes last, because its decoder allocates.
const FORMATS: [(FourCc, Option<PixelFormat>); 6] = [
    (*b"GREY", Some(PixelFormat::Grey)),
    (*b"YUYV", Some(PixelFormat::Yuyv)),
    (*b"UYVY", Some(PixelFormat::Uyvy)),
    (*b"NV12", Some(PixelFormat::Nv12)),
    (*b"RGB3", Some(PixelFormat::Rgb24)),
    (*b"MJPG", None),
];

/// A format with its sizes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FormatOffer {
    /// Its name.
    pub code: FourCc,
    /// None where the driver does not tell.
    pub sizes: Vec<SizeOffer>,
}

/// Sizes with their rates. A single size is its own smallest and largest.
#[derive(Clone, Debug, PartialEq)]
pub struct SizeOffer {
    /// Fewest columns and rows.
    pub smallest: FrameSize,
    /// Most columns and rows.
    pub largest: FrameSize,
    /// From one size to the next.
    pub step: FrameSize,
    /// Frames a second; none where the driver does not tell.
    pub rates_hz: Vec<f32>,
}

/// A format and a size to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Name of the format.
    pub code: FourCc,
    /// How its pixels are packed; `None` for Motion JPEG.
    pub format: Option<PixelFormat>,
    /// The nearest size to what is wanted.
    pub size: FrameSize,
}

/// Whether the box can read the format.
pub fn is_readable(code: FourCc) -> bool {
    FORMATS.iter().any(|&(known, _)| known == code)
}

/// Whether a frame of this size is not larger than full HD.
pub fn fits(size: FrameSize) -> bool {
    u64::from(size.width) * u64::from(size.height) <= MAX_FRAME_PIXELS as u64
}

/// What to ask a camera for, best first; empty where it offers nothing that can be read.
///
/// A format serves if it comes at half the wanted size and half the wanted rate at least: of those the cheapest is the best, of the others
/// the one that is nearest in size. A driver that tells nothing is asked for everything.
pub fn attempts(offers: &[FormatOffer], wanted: FrameSize, rate_hz: u32) -> Vec<Attempt> {
    let mut ranked = Vec::new();
    for (cost, &(code, format)) in FORMATS.iter().enumerate() {
        let unknown = FormatOffer { code, sizes: Vec::new() };
        let offer = offers.iter().find(|offer| offer.code == code).or(offers.is_empty().then_some(&unknown));
        let Some((size, rates_hz)) = offer.and_then(|offer| offer.nearest(wanted)) else { continue };
        let is_fast = rates_hz.is_empty() || rates_hz.iter().any(|rate| *rate * 2.0 >= rate_hz as f32);
        let serves = size.width * 2 >= wanted.width && size.height * 2 >= wanted.height && is_fast;
        let rank = (!serves, if serves { cost as u64 } else { distance(size, wanted) });
        ranked.push((rank, Attempt { code, format, size }));
    }
    ranked.sort_by_key(|&(rank, _)| rank);
    ranked.into_iter().map(|(_, attempt)| attempt).collect()
}

impl FormatOffer {
    /// The nearest size that is not too large, with its rates.
    fn nearest(&self, wanted: FrameSize) -> Option<(FrameSize, &[f32])> {
        if self.sizes.is_empty() {
            return Some((wanted, &[]));
        }
        let sizes = self.sizes.iter().map(|offer| (offer.nearest(wanted), &offer.rates_hz[..]));
        sizes.filter(|&(size, _)| fits(size)).min_by_key(|&(size, _)| distance(size, wanted))
    }
}

impl SizeOffer {
    /// One size.
    pub const fn single(size: FrameSize, rates_hz: Vec<f32>) -> Self {
        Self { smallest: size, largest: size, step: FrameSize { width: 1, height: 1 }, rates_hz }
    }

    /// The nearest of the sizes, rounded down to a step.
    pub fn nearest(&self, wanted: FrameSize) -> FrameSize {
        let side = |smallest: u32, largest: u32, step: u32, wanted: u32| {
            // Foreign numbers: the ends may be the wrong way round, and the step 0.
            let above = wanted.min(largest).saturating_sub(smallest);
            smallest + above / step.max(1) * step.max(1)
        };
        FrameSize {
            width: side(self.smallest.width, self.largest.width, self.step.width, wanted.width),
            height: side(self.smallest.height, self.largest.height, self.step.height, wanted.height),
        }
    }
}

impl fmt::Display for SizeOffer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}x{}", self.smallest.width, self.smallest.height)?;
        if self.largest != self.smallest {
            write!(out, " to {}x{}", self.largest.width, self.largest.height)?;
        }
        for (index, rate_hz) in self.rates_hz.iter().enumerate() {
            // Two digits, of which zeros are left out: 30, 29.97, 7.5.
            let rate_hz = (rate_hz * 100.0).round() / 100.0;
            write!(out, "{}{rate_hz}", if index == 0 { " at " } else { ", " })?;
        }
        if self.rates_hz.is_empty() { Ok(()) } else { write!(out, " Hz") }
    }
}

fn distance(size: FrameSize, wanted: FrameSize) -> u64 {
    u64::from(size.width.abs_diff(wanted.width)) + u64::from(size.height.abs_diff(wanted.height))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VGA: FrameSize = FrameSize { width: 640, height: 480 };

    fn size(width: u32, height: u32) -> FrameSize {
        FrameSize { width, height }
    }

    fn offer(code: &FourCc, sizes: &[(u32, u32, f32)]) -> FormatOffer {
        let single = |&(width, height, rate_hz)| SizeOffer::single(size(width, height), vec![rate_hz]);
        FormatOffer { code: *code, sizes: sizes.iter().map(single).collect() }
    }

    fn best(offers: &[FormatOffer], wanted: FrameSize) -> Option<(FourCc, FrameSize)> {
        attempts(offers, wanted, 30).first().map(|attempt| (attempt.code, attempt.size))
    }

    #[test]
    fn a_webcam_gives_raw_frames_where_they_are_large_and_fast_enough() {
        let webcam = [
            offer(b"MJPG", &[(640, 480, 30.0), (1280, 720, 30.0), (1920, 1080, 30.0)]),
            offer(b"YUYV", &[(320, 240, 30.0), (640, 480, 30.0), (1280, 720, 10.0), (1920, 1080, 5.0)]),
        ];
        assert_eq!(best(&webcam, VGA), Some((*b"YUYV", VGA)));
        assert_eq!(best(&webcam, size(1280, 720)), Some((*b"MJPG", size(1280, 720))), "raw frames are too slow");
        assert_eq!(attempts(&webcam, VGA, 30).len(), 2, "the other format is tried next");
    }

    #[test]
    fn the_nearest_size_serves_and_thumbnails_do_not() {
        assert_eq!(best(&[offer(b"YUYV", &[(352, 288, 30.0), (800, 600, 30.0)])], VGA).unwrap().1, size(800, 600));
        let cameras = [offer(b"GREY", &[(160, 120, 30.0)]), offer(b"NV12", &[(1280, 720, 30.0)])];
        assert_eq!(best(&cameras, VGA), Some((*b"NV12", size(1280, 720))));
        assert_eq!(best(&cameras[..1], VGA), Some((*b"GREY", size(160, 120))), "better than nothing");
    }

    #[test]
    fn what_cannot_be_read_is_not_asked_for() {
        assert_eq!(best(&[offer(b"H264", &[(640, 480, 30.0)]), offer(b"YUYV", &[(3840, 2160, 30.0)])], VGA), None);
        assert!(is_readable(*b"NV12") && !is_readable(*b"H264"));
    }

    #[test]
    fn a_driver_that_tells_nothing_is_asked_for_everything() {
        let asked = attempts(&[], VGA, 30);
        assert!(asked.iter().all(|attempt| attempt.size == VGA));
        assert_eq!(asked.iter().map(|attempt| attempt.code).collect::<Vec<_>>(), FORMATS.map(|(code, _)| code));
        assert_eq!(best(&[offer(b"RGB3", &[])], VGA), Some((*b"RGB3", VGA)));
    }

    #[test]
    fn a_range_gives_its_nearest_step_and_absurd_ranges_do_no_harm() {
        let range = |smallest, largest, step| SizeOffer { smallest, largest, step, rates_hz: vec![] };
        let sensor = range(size(16, 16), size(3840, 2160), size(16, 2));
        assert_eq!(sensor.nearest(size(650, 481)), size(640, 480));
        assert_eq!(sensor.nearest(size(8, 8_000)), size(16, 2160));
        assert_eq!(range(size(u32::MAX, 9), size(0, 0), size(0, 0)).nearest(VGA), size(u32::MAX, 9));
    }

    #[test]
    fn sizes_and_rates_are_told_in_a_line() {
        let text = |offer: SizeOffer| offer.to_string();
        assert_eq!(text(SizeOffer::single(VGA, vec![30.0, 30_000.0 / 1_001.0, 7.5])), "640x480 at 30, 29.97, 7.5 Hz");
        let range = SizeOffer { smallest: size(16, 16), largest: VGA, step: size(2, 2), rates_hz: vec![] };
        assert_eq!(text(range), "16x16 to 640x480");
    }
}
