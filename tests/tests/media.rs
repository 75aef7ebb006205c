//! Sound and picture files of every kind that is promised, and what is said about those that are none.

use moodbox_shared::media::{AudioFileError, ImageFileError, audio_file, read_luma, read_speech};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// A WAV file: `format` 1 is integer, 3 is float.
fn wav(format: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let frame = channels * bits / 8;
    let mut file = Vec::new();
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + data.len() as u32).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0");
    file.extend_from_slice(&format.to_le_bytes());
    file.extend_from_slice(&channels.to_le_bytes());
    file.extend_from_slice(&rate.to_le_bytes());
    file.extend_from_slice(&(rate * u32::from(frame)).to_le_bytes());
    file.extend_from_slice(&frame.to_le_bytes());
    file.extend_from_slice(&bits.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&(data.len() as u32).to_le_bytes());
    file.extend_from_slice(data);
    file
}

fn wav16(channels: u16, rate: u32, samples: &[i16]) -> Vec<u8> {
    wav(1, channels, rate, 16, &samples.iter().flat_map(|sample| sample.to_le_bytes()).collect::<Vec<_>>())
}

/// Half a second of 440 Hz at half of full scale.
fn tone(rate: u32) -> Vec<i16> {
    let step = std::f64::consts::TAU * 440.0 / f64::from(rate);
    (0..rate / 2).map(|n| (16_384.0 * (step * f64::from(n)).sin()).round() as i16).collect()
}

/// The same noise on every machine.
fn noise(count: usize) -> Vec<i16> {
    let values = (0..count as u32).map(|n| n.wrapping_mul(2_654_435_761));
    values.map(|value| (value >> 16) as u16 as i16 / 4).collect()
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

/// Every message stands behind the file's name, on one line.
fn one_line(error: impl std::fmt::Display) -> String {
    let message = error.to_string();
    assert!(!message.is_empty() && !message.contains('\n') && message.len() < 160, "{message}");
    message
}

#[test]
fn sixteen_bit_mono_at_16_khz_comes_through_untouched() {
    let samples: Vec<i16> = (i16::MIN..=i16::MAX).step_by(7).chain([i16::MAX]).collect();
    let folder = Folder::new();
    assert_eq!(read_speech(&folder.file("a.wav", &wav16(1, 16_000, &samples))).unwrap(), samples);
}

#[test]
fn every_sample_format_says_the_same() {
    let samples = tone(16_000);
    let bytes = |convert: &dyn Fn(i16) -> Vec<u8>| samples.iter().flat_map(|&sample| convert(sample)).collect();
    let unit = |sample: i16| f64::from(sample) / 32_768.0;
    let cases: [(u16, u16, Vec<u8>, i16); 6] = [
        (1, 8, bytes(&|sample| vec![((sample >> 8) + 128) as u8]), 256),
        (1, 16, bytes(&|sample| sample.to_le_bytes().to_vec()), 0),
        (1, 24, bytes(&|sample| (i32::from(sample) << 8).to_le_bytes()[..3].to_vec()), 0),
        (1, 32, bytes(&|sample| (i32::from(sample) << 16).to_le_bytes().to_vec()), 0),
        (3, 32, bytes(&|sample| (unit(sample) as f32).to_le_bytes().to_vec()), 0),
        (3, 64, bytes(&|sample| unit(sample).to_le_bytes().to_vec()), 0),
    ];
    let folder = Folder::new();
    for (format, bits, data, tolerance) in cases {
        let read = read_speech(&folder.file("a.wav", &wav(format, 1, 16_000, bits, &data))).unwrap();
        assert_eq!(read.len(), samples.len(), "{bits}-bit, format {format}");
        let worst = read.iter().zip(&samples).map(|(read, sample)| read.abs_diff(*sample)).max().unwrap();
        assert!(worst <= tolerance.unsigned_abs(), "{bits}-bit, format {format}: {worst}");
    }
}

#[test]
fn stereo_becomes_its_mean() {
    let folder = Folder::new();
    let path = folder.file("a.wav", &wav16(2, 16_000, &[1000, 3000, -8, -8, 0, 32_000]));
    assert_eq!(read_speech(&path).unwrap(), [2000, -8, 16_000]);
}

#[test]
fn samples_that_are_no_number_are_silence_and_loud_ones_are_clipped() {
    let values = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.5, 7.0, -7.0];
    let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let folder = Folder::new();
    let read = read_speech(&folder.file("a.wav", &wav(3, 1, 16_000, 32, &data))).unwrap();
    assert_eq!(read[0], 0);
    assert_eq!(read[3..], [16_384, 32_767, -32_768]);
}

#[test]
fn other_rates_arrive_as_the_same_tone() {
    let expected = tone(16_000);
    let folder = Folder::new();
    for rate in [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 44_101] {
        let read = read_speech(&folder.file("a.wav", &wav16(1, rate, &tone(rate)))).unwrap();
        assert!(read.len().abs_diff(expected.len()) <= 1, "{rate} Hz: {} samples", read.len());
        // The ends of a tone that begins and stops at once ring in every resampler.
        let worst = (500..7_500).map(|n| read[n].abs_diff(expected[n])).max().unwrap();
        assert!(worst <= 16, "{rate} Hz: {worst} steps off");
    }
}

#[test]
fn nothing_above_8_khz_folds_down() {
    let step = std::f64::consts::TAU * 11_000.0 / 48_000.0;
    let samples: Vec<i16> = (0..24_000).map(|n| (16_384.0 * (step * f64::from(n)).sin()) as i16).collect();
    let folder = Folder::new();
    let read = read_speech(&folder.file("a.wav", &wav16(1, 48_000, &samples))).unwrap();
    let loudest = read[500..7_500].iter().map(|sample| sample.unsigned_abs()).max().unwrap();
    assert!(loudest <= 2, "{loudest}");
}

#[test]
fn files_that_are_no_sound_say_so_in_one_line() {
    let whole = wav16(1, 16_000, &tone(16_000));
    let cut_header = &whole[..30];
    let cut_data = &whole[..whole.len() - 4_000];
    let mut zero_rate = whole.clone();
    zero_rate[24..28].fill(0);
    let mut zero_channels = whole.clone();
    zero_channels[22..24].fill(0);
    let mut compressed = whole.clone();
    compressed[20] = 0x55;
    let folder = Folder::new();
    let read = |name: &str, bytes: &[u8]| audio_file::read(&folder.file(name, bytes)).unwrap_err();

    assert!(matches!(read("empty.wav", &[]), AudioFileError::EmptyFile));
    assert!(matches!(read("silent.wav", &wav16(1, 16_000, &[])), AudioFileError::NoSamples));
    assert!(matches!(read("cut.wav", cut_data), AudioFileError::CutOff { promised: 8_000, .. }));
    assert!(matches!(read("text.wav", b"Dear diary,\ntoday I was happy.\n"), AudioFileError::NotAudio));
    assert!(matches!(read("zero.wav", &zero_rate), AudioFileError::SampleRate(0)));
    for (name, bytes) in [
        ("header.wav", cut_header),
        ("channels.wav", &zero_channels),
        ("mp3.wav", &compressed),
        ("noise.wav", &[7; 64]),
    ] {
        println!("{name}: {}", one_line(read(name, bytes)));
    }
    println!("{}", one_line(read("cut.wav", cut_data)));
    println!("{}", one_line(audio_file::read(&folder.0.path().join("missing.wav")).unwrap_err()));
    println!("{}", one_line(audio_file::read(folder.0.path()).unwrap_err()));
}

#[test]
fn a_flipped_byte_anywhere_in_a_header_never_panics() {
    let whole = wav16(2, 44_100, &[5; 4_096]);
    let folder = Folder::new();
    for position in 0..48 {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[position] = value;
            if let Err(error) = read_speech(&folder.file("a.wav", &bytes)) {
                one_line(error);
            }
        }
    }
}

#[test]
fn a_wav_cut_off_anywhere_is_an_error_in_one_line() {
    let whole = wav16(2, 44_100, &noise(400));
    let folder = Folder::new();
    for length in 0..whole.len() {
        let error = audio_file::read(&folder.file("a.wav", &whole[..length])).unwrap_err();
        one_line(error);
    }
}

#[test]
fn headers_that_promise_the_impossible_are_refused_or_read_as_far_as_they_go() {
    let whole = wav16(1, 16_000, &tone(16_000));
    // Offset in the file, bytes written there: size of RIFF and data, channels, rate, bytes a moment, bits, length of the format.
    let cases: [(usize, &[u8]); 9] = [
        (4, &[0xff; 4]),
        (4, &[0; 4]),
        (40, &[0xff; 4]),
        (22, &[0xff; 2]),
        (24, &[0xff; 4]),
        (32, &[0; 2]),
        (34, &[0xff; 2]),
        (34, &[0; 2]),
        (16, &[0xff; 4]),
    ];
    let folder = Folder::new();
    for (offset, bytes) in cases {
        let mut file = whole.clone();
        file[offset..][..bytes.len()].copy_from_slice(bytes);
        match read_speech(&folder.file("a.wav", &file)) {
            Ok(samples) => assert!(samples.len() <= 8_000, "offset {offset}: {} samples from nowhere", samples.len()),
            Err(error) => println!("offset {offset}, {bytes:02x?}: {}", one_line(error)),
        }
    }
}

#[test]
fn what_is_no_number_at_48_khz_is_silent_for_its_moment_only() {
    let mut values: Vec<f32> = noise(9_600).iter().map(|&sample| f32::from(sample) / 32_768.0).collect();
    let file = |values: &[f32]| wav(3, 1, 48_000, 32, &values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>());
    let folder = Folder::new();
    let mut read = |bad: [f32; 3]| {
        values[4_000..4_003].copy_from_slice(&bad);
        read_speech(&folder.file("a.wav", &file(&values))).unwrap()
    };
    assert_eq!(read([f32::NAN, f32::INFINITY, f32::NEG_INFINITY]), read([0.0; 3]));
    let huge = read([f32::MAX, -f32::MAX, f32::MAX]);
    let quiet = read([0.0; 3]);
    let touched = huge.iter().zip(&quiet).filter(|(huge, quiet)| huge != quiet).count();
    assert!(huge.len() == quiet.len() && touched <= 330, "the filter forgets after 20 ms: {touched} samples");
}

#[test]
#[cfg_attr(not(moodbox_data), ignore = "needs ../shared/data")]
fn a_damaged_flac_never_panics() {
    let folder = moodbox_tests::data_dir().join("ravdess/Actor_01");
    let whole = fs::read(fs::read_dir(folder).unwrap().next().unwrap().unwrap().path()).unwrap();
    let folder = Folder::new();
    for length in [0, 3, 4, 20, 41, 42, 100, 5_000, whole.len() / 2, whole.len() - 1] {
        one_line(audio_file::read(&folder.file("a.flac", &whole[..length])).unwrap_err());
    }
    for position in (0..whole.len()).step_by(whole.len() / 150) {
        let mut bytes = whole.clone();
        bytes[position] ^= 0x55;
        if let Err(error) = read_speech(&folder.file("a.flac", &bytes)) {
            one_line(error);
        }
    }
}

#[test]
#[cfg_attr(not(moodbox_data), ignore = "needs ../shared/data")]
fn a_48_khz_original_and_its_16_khz_flac_are_the_same_speech() {
    let data = moodbox_tests::data_dir();
    let originals = fs::read_dir(data.join("ravdess_48k/Actor_01")).unwrap();
    for path in originals.map(|entry| entry.unwrap().path()) {
        let flac = data.join("ravdess/Actor_01").join(path.with_extension("flac").file_name().unwrap());
        let (ours, theirs) = (read_speech(&path).unwrap(), read_speech(&flac).unwrap());
        assert!(ours.len().abs_diff(theirs.len()) <= 1, "{}", path.display());
        let power = |samples: &[f64]| samples.iter().map(|sample| sample * sample).sum::<f64>();
        let signal: Vec<f64> = theirs.iter().map(|&sample| f64::from(sample)).collect();
        let difference: Vec<f64> =
            ours.iter().zip(&theirs).map(|(ours, theirs)| f64::from(*ours) - f64::from(*theirs)).collect();
        let ratio_db = 10.0 * (power(&signal) / power(&difference).max(1.0)).log10();
        println!("{}: {ratio_db:.1} dB", path.display());
        assert!(ratio_db > 30.0, "{}: {ratio_db:.1} dB", path.display());
    }
}

fn png(color: u8, width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let color = match color {
        1 => image::ExtendedColorType::L8,
        2 => image::ExtendedColorType::La8,
        3 => image::ExtendedColorType::Rgb8,
        _ => image::ExtendedColorType::Rgba8,
    };
    let mut file = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut file);
    image::ImageEncoder::write_image(encoder, pixels, width, height, color).unwrap();
    file
}

#[test]
fn gray_pictures_come_through_and_colour_is_weighed() {
    let folder = Folder::new();
    let gray = read_luma(&folder.file("a.png", &png(1, 2, 2, &[0, 255, 77, 9]))).unwrap();
    assert_eq!((gray.width(), gray.height(), gray.pixels()), (2, 2, &[0, 255, 77, 9][..]));
    assert_eq!(gray.view().row(1), [77, 9]);
    let colour = read_luma(&folder.file("b.jpg", &png(3, 2, 1, &[255, 0, 0, 0, 255, 0]))).unwrap();
    assert_eq!(colour.pixels(), [77, 149]);
    let transparent = read_luma(&folder.file("c.png", &png(4, 1, 1, &[10, 10, 10, 0]))).unwrap();
    assert_eq!(transparent.pixels(), [10]);
    assert_eq!(read_luma(&folder.file("d.png", &png(2, 1, 1, &[9, 0]))).unwrap().pixels(), [9]);
}

#[test]
fn files_that_are_no_picture_say_so_in_one_line() {
    let whole = png(1, 64, 64, &(0..4096).map(|n| (n * n % 251) as u8).collect::<Vec<_>>());
    let folder = Folder::new();
    let read = |name: &str, bytes: &[u8]| read_luma(&folder.file(name, bytes)).unwrap_err();
    assert!(matches!(read("a.png", &[]), ImageFileError::EmptyFile));
    assert!(matches!(read("b.png", b"not a picture at all"), ImageFileError::NotAPicture));
    assert!(matches!(read("c.png", &whole[..whole.len() / 2]), ImageFileError::Damaged));
    assert!(matches!(read("d.png", &whole[..20]), ImageFileError::Damaged));
    assert!(matches!(read("e.png", b"GIF89a\x01\0\x01\0"), ImageFileError::NotAPicture));
    println!("{}", one_line(read("c.png", &whole[..whole.len() / 2])));
    println!("{}", one_line(read_luma(&folder.0.path().join("missing.png")).unwrap_err()));
    println!("{}", one_line(read_luma(folder.0.path()).unwrap_err()));
}

#[test]
#[cfg_attr(not(moodbox_data), ignore = "needs ../shared/data")]
fn a_fer2013_picture_is_48_pixels_wide_and_high() {
    let folder = moodbox_tests::data_dir().join("fer2013/validation/happy");
    let path = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let picture = read_luma(&path).unwrap();
    assert_eq!((picture.width(), picture.height()), (48, 48));
}
