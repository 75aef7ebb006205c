//! What it costs to get from a camera's frame to the crop that the network sees: luma of every format, and the crop.

use crate::cpu_time::taking_ms;
use crate::report::Report;
use crate::statistics::Spread;
use anyhow::Context;
use moodbox_shared::media::{MjpegDecoder, OwnedLuma};
use moodbox_shared::vision::{CropSquare, FACE_INPUT, MAX_FRAME_PIXELS, PixelFormat, RawFrame, crop_to_face};
use moodbox_tests::counting_allocator::counting;
use moodbox_tests::golden_dir;
use moodbox_tests::scene::{Portrait, Setting};
use std::fs;
use std::hint::black_box;
use std::path::Path;

/// Runs of each measurement.
const RUNS: usize = 200;

/// Median time of a run in microseconds, and requests for memory in the last of them.
struct Cost {
    time_us: f32,
    allocations: u64,
}

fn cost(mut work: impl FnMut()) -> Cost {
    let mut allocations = 0;
    let times = (0..RUNS).map(|_| {
        let (((), count), time_ms) = taking_ms(|| counting(&mut work));
        allocations = count;
        (1_000.0 * time_ms) as f32
    });
    Cost { time_us: Spread::of(times).median, allocations }
}

/// Writes the report.
pub fn measure(out: &Path) -> anyhow::Result<()> {
    let mut report = Report::new("luma", "From a camera's frame to the crop");
    report.paragraph(format!(
        "Processor time on this machine, one thread, medians of {RUNS} runs; memory is what the warm code asks for."
    ));
    let mut luma = vec![0; MAX_FRAME_PIXELS];
    let formats = [
        ("GREY", PixelFormat::Grey),
        ("YUYV", PixelFormat::Yuyv),
        ("UYVY", PixelFormat::Uyvy),
        ("NV12", PixelFormat::Nv12),
        ("RGB24", PixelFormat::Rgb24),
    ];
    let mut rows = Vec::new();
    for (width, height) in [(640, 480), (1920, 1080)] {
        for (name, format) in formats {
            let stride = format.row_bytes(width);
            let bytes = vec![77; stride * height];
            let frame = RawFrame { format, width, height, stride, bytes: &bytes };
            let cost = cost(|| {
                black_box(black_box(frame).to_luma(&mut luma).is_ok());
            });
            rows.push(row(format!("{name}, {width}×{height}"), &cost));
        }
    }
    let mut decoder = MjpegDecoder::default();
    for (name, size) in [("uvc", "320×240"), ("fullhd", "1920×1080")] {
        let path = golden_dir().join(format!("vision_{name}.jpg"));
        let jpeg = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let cost = cost(|| {
            black_box(decoder.decode(black_box(&jpeg)).is_ok());
        });
        rows.push(row(format!("Motion JPEG, {size}, {} kB", jpeg.len() / 1_000), &cost));
    }
    let empty = OwnedLuma::new(48, 48, vec![90; 48 * 48])?;
    let setting = Setting::somewhere((1920, 1080), 400.0, 1);
    let frame = Portrait::new(&empty).frame(&setting);
    for side in [24.0, 100.0, 240.0, 800.0] {
        let mut crop = [0; FACE_INPUT];
        let cost = cost(|| crop_to_face(black_box(&frame.view()), CropSquare { x: 200.3, y: 120.7, side }, &mut crop));
        rows.push(row(format!("crop of {side}×{side}"), &cost));
    }
    report.table(["what", "µs", "allocations"], rows);
    report.finish(out)
}

fn row(what: String, cost: &Cost) -> [String; 3] {
    [what, format!("{:.1}", cost.time_us), cost.allocations.to_string()]
}
