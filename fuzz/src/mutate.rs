//! Changes a model file so that the frame stays right, and so that many of the results still load.
//!
//! One file in ten has its bytes changed blindly, one its data. In all others the header is read, changed field by field
//! ([`spoil`]) and written again; most of these are then [`heal`]ed: every number that follows from others is put right, so that the
//! network is a new one that loads. What is not healed tests the reader.

use crate::{frame, heal, spoil};
use fastrand::Rng;
use moodbox_shared::model::{self, format::PREAMBLE_BYTES};

/// A changed file.
///
/// * `blindly`: changes bytes without knowing what they are
pub fn mutate(file: &[u8], max_bytes: usize, seed: u32, blindly: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut random = Rng::with_seed(u64::from(seed));
    let way = random.u8(..10);
    if way == 0 {
        // The frame as well, once in a while.
        let mut bytes = file.to_vec();
        blindly(&mut bytes);
        if random.u8(..8) == 0 || bytes.len() < PREAMBLE_BYTES {
            return bytes;
        }
        let (header, data) = frame::split(&bytes);
        return frame::around(header, data);
    }
    let Ok((mut header, data)) = model::read_header(file) else {
        let (header, data) = frame::split(file);
        return frame::around(header, data);
    };
    let mut data = data.to_vec();
    if way == 1 {
        match random.bool() {
            true => blindly(&mut data),
            false => spoil::data(&mut data, &mut random),
        }
    } else {
        for _ in 0..random.usize(1..4) {
            spoil::header(&mut header, &mut random);
        }
        if way > 3 {
            data = heal::heal(&mut header, &data, &mut random);
            if random.u8(..8) == 0 {
                spoil::header(&mut header, &mut random);
            }
        }
    }
    // What does not fit the buffer would be cut off, and refused for that.
    frame::file(&header, &data).filter(|file| file.len() <= max_bytes).unwrap_or_else(|| file.to_vec())
}
