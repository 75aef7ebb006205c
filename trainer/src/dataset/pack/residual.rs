//! Pictures and sounds as differences from what their neighbours let expect, which a general compressor shrinks further. Nothing is lost.

/// What a pixel is expected to be (LOCO-I's median of left, upper and their plane; Weinberger et al. 2000).
fn expected_pixel(pixels: &[u8], width: usize, place: usize) -> u8 {
    let (row, column) = (place / width, place % width);
    let left = if column > 0 { pixels[place - 1] } else { 0 };
    let upper = if row > 0 { pixels[place - width] } else { 0 };
    match (row, column) {
        (0, _) => left,
        (_, 0) => upper,
        _ => {
            let corner = i16::from(pixels[place - width - 1]);
            let (low, high) = (left.min(upper), left.max(upper));
            (i16::from(left) + i16::from(upper) - corner).clamp(i16::from(low), i16::from(high)) as u8
        }
    }
}

/// Appends the differences of a picture, one byte a pixel.
///
/// * `pixels`: rows of `width`
pub(super) fn push_picture(pixels: &[u8], width: usize, out: &mut Vec<u8>) {
    out.extend((0..pixels.len()).map(|place| pixels[place].wrapping_sub(expected_pixel(pixels, width, place))));
}

/// The picture of these differences.
pub(super) fn picture(differences: &[u8], width: usize) -> Vec<u8> {
    let mut pixels = differences.to_vec();
    for place in 0..pixels.len() {
        pixels[place] = pixels[place].wrapping_add(expected_pixel(&pixels, width, place));
    }
    pixels
}

/// What a sample is expected to be: on the line through the two before it (Robinson 1994).
fn expected_sample(samples: &[i16], place: usize) -> i16 {
    match place {
        0 => 0,
        1 => samples[0],
        _ => samples[place - 1].wrapping_mul(2).wrapping_sub(samples[place - 2]),
    }
}

/// Appends the differences of a sound, small ones as small numbers: all low bytes, then all high ones.
pub(super) fn push_samples(samples: &[i16], out: &mut Vec<u8>) {
    let folded = |place: usize| {
        let difference = samples[place].wrapping_sub(expected_sample(samples, place));
        ((difference << 1) ^ (difference >> 15)) as u16
    };
    out.extend((0..samples.len()).map(|place| folded(place) as u8));
    out.extend((0..samples.len()).map(|place| (folded(place) >> 8) as u8));
}

/// The sound of these differences, two bytes a sample.
pub(super) fn samples(differences: &[u8]) -> Vec<i16> {
    let (low, high) = differences.split_at(differences.len() / 2);
    let mut samples = Vec::with_capacity(low.len());
    for (place, (&low, &high)) in low.iter().zip(high).enumerate() {
        let folded = u16::from_le_bytes([low, high]);
        let difference = (folded >> 1) as i16 ^ -((folded & 1) as i16);
        samples.push(difference.wrapping_add(expected_sample(&samples, place)));
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_comes_back() {
        let noise = |place: u64| (place.wrapping_mul(2_654_435_761) >> 13) as u8;
        for (width, height) in [(1, 1), (1, 7), (7, 1), (48, 48), (5, 3)] {
            let pixels: Vec<u8> = (0..(width * height) as u64).map(noise).collect();
            let mut differences = Vec::new();
            push_picture(&pixels, width, &mut differences);
            assert_eq!(picture(&differences, width), pixels);
        }
    }

    #[test]
    fn every_sound_comes_back_the_loudest_too() {
        let loudest = [i16::MIN, i16::MAX, i16::MIN, i16::MIN, i16::MAX, i16::MAX, 0, 1, -1];
        let tone: Vec<i16> = (0..500).map(|t| ((t as f32 * 0.2).sin() * 9000.0) as i16).collect();
        for sound in [&[][..], &[-5], &[3, 4], &loudest, &tone] {
            let mut differences = Vec::new();
            push_samples(sound, &mut differences);
            assert_eq!(samples(&differences), sound);
        }
    }

    #[test]
    fn what_is_smooth_becomes_small() {
        let slope: Vec<i16> = (0..1000).map(|t| t * 30).collect();
        let mut differences = Vec::new();
        push_samples(&slope, &mut differences);
        assert_eq!(differences.iter().filter(|&&byte| byte != 0).count(), 1);
    }
}
