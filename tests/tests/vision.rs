//! Luma, Motion JPEG and crops against OpenCV, by the vectors of `tests/golden/vision.py`.

use moodbox_shared::media::mjpeg::MjpegDecoder;
use moodbox_shared::vision::{
    CropSquare, FACE_INPUT, LumaImage, MAX_FRAME_PIXELS, PixelFormat, RawFrame, crop_to_face,
};
use serde_json::Value;
use std::fs;

/// Grey levels by which two JPEG decoders may differ: each rounds its cosine transform in its own way.
const JPEG_TOLERANCE: u8 = 2;

/// Size of the picture that is cropped.
const FIELD: (usize, usize) = (300, 220);

struct Golden {
    told: Value,
    expected: Vec<u8>,
}

impl Golden {
    fn read() -> Self {
        let folder = moodbox_tests::golden_dir();
        let told = serde_json::from_slice(&fs::read(folder.join("vision.json")).unwrap()).unwrap();
        Self { told, expected: fs::read(folder.join("vision.bin")).unwrap() }
    }

    fn cases(&self, kind: &str) -> &[Value] {
        let cases = self.told[kind].as_array().unwrap();
        assert!(cases.len() > 5, "{} cases of {kind}", cases.len());
        cases
    }

    /// Largest distance between OpenCV's grey levels and ours, which come as a whole picture.
    fn distance(&self, case: &Value, ours: &[u8]) -> u8 {
        let [offset, count, step] = ["offset", "count", "stride_out"].map(|key| number(case, key));
        let theirs = &self.expected[offset..offset + count];
        assert_eq!(ours.len().div_ceil(step), count, "{case}");
        ours.iter().step_by(step).zip(theirs).map(|(ours, theirs)| ours.abs_diff(*theirs)).max().unwrap()
    }
}

fn number(case: &Value, key: &str) -> usize {
    case[key].as_u64().unwrap() as usize
}

/// The generator's bytes without a pattern.
fn noise(count: usize, seed: usize) -> Vec<u8> {
    let byte = |index: usize| {
        let mut value = ((index + seed * 1_000_003) as u32).wrapping_mul(2_654_435_761);
        value = (value ^ (value >> 15)).wrapping_mul(2_246_822_519);
        value = (value ^ (value >> 13)).wrapping_mul(3_266_489_917);
        (value >> 24) as u8
    };
    (0..count).map(byte).collect()
}

#[test]
fn luma_of_every_format_is_opencvs_at_odd_sizes_with_gaps_and_up_to_full_hd() {
    let golden = Golden::read();
    let mut luma = vec![0; MAX_FRAME_PIXELS];
    for case in golden.cases("luma") {
        let [width, height, stride, seed] = ["width", "height", "stride", "seed"].map(|key| number(case, key));
        let (format, tolerance) = match case["format"].as_str().unwrap() {
            "GREY" => (PixelFormat::Grey, 0),
            "YUYV" => (PixelFormat::Yuyv, 0),
            "UYVY" => (PixelFormat::Uyvy, 0),
            "NV12" => (PixelFormat::Nv12, 0),
            "RGB24" => (PixelFormat::Rgb24, 1),
            other => panic!("{other}"),
        };
        let rows = if format == PixelFormat::Nv12 { height * 3 / 2 } else { height };
        let bytes = noise(rows * stride, seed);
        let image = RawFrame { format, width, height, stride, bytes: &bytes }.to_luma(&mut luma).unwrap();
        assert_eq!((image.width(), image.height()), (width, height));
        let distance = golden.distance(case, &luma[..width * height]);
        assert!(distance <= tolerance, "{distance} grey levels: {case}");
    }
}

#[test]
fn jpeg_frames_are_opencvs_within_rounding() {
    let golden = Golden::read();
    let mut decoder = MjpegDecoder::default();
    for case in golden.cases("jpegs") {
        let file = format!("vision_{}.jpg", case["name"].as_str().unwrap());
        let jpeg = fs::read(moodbox_tests::golden_dir().join(file)).unwrap();
        let frame = decoder.decode(&jpeg).unwrap();
        assert_eq!((frame.width, frame.height), (number(case, "width"), number(case, "height")), "{case}");
        let distance = golden.distance(case, frame.bytes);
        println!("{distance} grey levels: {case}");
        assert!(distance <= JPEG_TOLERANCE, "{distance} grey levels: {case}");
    }
}

#[test]
fn crops_are_opencvs_area_averages_inside_over_the_border_and_between_pixels() {
    let golden = Golden::read();
    let pixels = noise(FIELD.0 * FIELD.1, 99);
    let image = LumaImage::new(FIELD.0, FIELD.1, FIELD.0, &pixels).unwrap();
    for case in golden.cases("crops") {
        let [x, y, side] = ["x", "y", "side"].map(|key| case[key].as_f64().unwrap() as f32);
        let mut out = [0; FACE_INPUT];
        crop_to_face(&image, CropSquare { x, y, side }, &mut out);
        let distance = golden.distance(case, &out);
        assert!(distance <= 1, "{distance} grey levels: {case}");
    }
}

#[test]
fn golden_files_tell_what_made_them() {
    let golden = Golden::read();
    for key in ["command", "opencv", "numpy", "python"] {
        assert!(golden.told[key].is_string(), "{key}");
    }
}
