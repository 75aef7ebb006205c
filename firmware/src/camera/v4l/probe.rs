//! Asks video nodes who they are and what they offer.

use crate::camera::node::{Identity, Node, NodeKind};
use crate::camera::offer::{FormatOffer, SizeOffer};
use crate::config::FrameSize;
use ::v4l::capability::Flags;
use ::v4l::frameinterval::FrameIntervalEnum;
use ::v4l::framesize::FrameSizeEnum;
use ::v4l::video::Capture;
use ::v4l::{Device, Fraction};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// All video nodes in the order of their numbers, and what keeps some of them from answering.
pub fn nodes() -> Vec<(PathBuf, io::Result<Node>)> {
    let number = |path: &Path| path.file_name()?.to_str()?.strip_prefix("video")?.parse::<u32>().ok();
    let entries = std::fs::read_dir("/dev").into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<_> = entries.filter_map(|path| Some((number(&path)?, path))).collect();
    paths.sort();
    paths.into_iter().map(|(_, path)| (path.clone(), node(&path))).collect()
}

/// Asks a node who it is.
pub fn node(path: &Path) -> io::Result<Node> {
    guarded(|| {
        let capabilities = Device::with_path(path)?.query_caps()?;
        let gives_pictures = capabilities.capabilities.contains(Flags::VIDEO_CAPTURE);
        let kind = NodeKind::of(&capabilities.driver, gives_pictures);
        let identity = Identity { driver: capabilities.driver, card: capabilities.card, bus: capabilities.bus };
        Ok(Node { path: path.to_path_buf(), identity, kind })
    })
}

/// What a node offers. Where a size is within limits, rates are those of the size nearest to `wanted`.
pub fn offers_of(path: &Path, wanted: FrameSize) -> io::Result<Vec<FormatOffer>> {
    guarded(|| Ok(offers(&Device::with_path(path)?, wanted)))
}

/// What an open device offers; nothing where its driver doesn't tell.
pub fn offers(device: &Device, wanted: FrameSize) -> Vec<FormatOffer> {
    let offer = |code: [u8; 4]| {
        let sizes = device.enum_framesizes(code_of(code)).unwrap_or_default();
        let sizes = sizes.into_iter().map(|size| with_rates(device, code, range(&size.size), wanted));
        FormatOffer { code, sizes: sizes.collect() }
    };
    let formats = Capture::enum_formats(device).unwrap_or_default();
    formats.into_iter().map(|format| offer(format.fourcc.repr)).collect()
}

fn code_of(code: [u8; 4]) -> ::v4l::FourCC {
    ::v4l::FourCC::new(&code)
}

fn range(sizes: &FrameSizeEnum) -> SizeOffer {
    match sizes {
        FrameSizeEnum::Discrete(size) => {
            SizeOffer::single(FrameSize { width: size.width, height: size.height }, Vec::new())
        }
        FrameSizeEnum::Stepwise(range) => SizeOffer {
            smallest: FrameSize { width: range.min_width, height: range.min_height },
            largest: FrameSize { width: range.max_width, height: range.max_height },
            step: FrameSize { width: range.step_width, height: range.step_height },
            rates_hz: Vec::new(),
        },
    }
}

fn with_rates(device: &Device, code: [u8; 4], sizes: SizeOffer, wanted: FrameSize) -> SizeOffer {
    let FrameSize { width, height } = sizes.nearest(wanted);
    let intervals = device.enum_frameintervals(code_of(code), width, height).unwrap_or_default();
    let rates_hz = intervals.iter().map(|interval| match &interval.interval {
        FrameIntervalEnum::Discrete(interval) => rate_hz(interval),
        // The shortest of a range.
        FrameIntervalEnum::Stepwise(range) => rate_hz(&range.min),
    });
    SizeOffer { rates_hz: rates_hz.filter(|rate_hz| rate_hz.is_finite()).collect(), ..sizes }
}

fn rate_hz(interval: &Fraction) -> f32 {
    interval.denominator as f32 / interval.numerator as f32
}

/// Calls the crate, which panics where a driver's answer is none of those it knows: a camera's name that was cut within a letter suffices.
pub fn guarded<T>(ask: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let incomprehensible = |_| Err(io::Error::other("its driver gives answers that can't be read"));
    catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(incomprehensible)
}
