//! What makes two pictures, or two sounds, the same: a hash of what they hold, not of the file that holds it.

use moodbox_shared::media::image_file::OwnedLuma;

/// FNV-1a, 64 bits: the same on every machine and in every version, so that splits made by it last.
pub fn content_hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes
        .into_iter()
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3))
}

/// Of size and pixels.
pub(super) fn of_picture(luma: &OwnedLuma) -> u64 {
    let size = [luma.width() as u32, luma.height() as u32];
    content_hash(size.into_iter().flat_map(u32::to_le_bytes).chain(luma.pixels().iter().copied()))
}

/// Of 16 kHz samples.
pub(super) fn of_samples(samples: &[i16]) -> u64 {
    content_hash(samples.iter().flat_map(|sample| sample.to_le_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(content_hash(*b""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(content_hash(*b"foobar"), 0x8594_4171_F739_67E8);
    }

    #[test]
    fn pixels_laid_out_otherwise_are_another_picture() {
        let wide = OwnedLuma::new(4, 1, vec![7; 4]).unwrap();
        let square = OwnedLuma::new(2, 2, vec![7; 4]).unwrap();
        assert_ne!(of_picture(&wide), of_picture(&square));
    }
}
