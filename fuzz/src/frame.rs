//! The frame of a model file, made right again around contents that are not: magic, version, lengths and checksum say nothing about the
//! reader, and whoever makes hostile files gets them right.

use moodbox_shared::model::Header;
use moodbox_shared::model::format::{CHECKSUM, DATA_ALIGNMENT, FORMAT_VERSION, MAGIC, PREAMBLE_BYTES};

/// Longer headers are not worth their time.
const MAX_HEADER_BYTES: usize = 4 * 1024;

/// A file of any header and any data; `None` for headers that are too long.
pub fn file(header: &Header, data: &[u8]) -> Option<Vec<u8>> {
    let mut buffer = [0; MAX_HEADER_BYTES];
    let header = postcard::to_slice(header, &mut buffer).ok()?;
    Some(around(header, data))
}

/// A file of any bytes as header and data.
pub fn around(header: &[u8], data: &[u8]) -> Vec<u8> {
    let data_bytes = data.len().next_multiple_of(DATA_ALIGNMENT);
    let mut file = Vec::with_capacity(PREAMBLE_BYTES + header.len() + data_bytes + 2 * DATA_ALIGNMENT);
    file.extend_from_slice(&MAGIC);
    for number in [FORMAT_VERSION, header.len() as u32, data_bytes as u32] {
        file.extend_from_slice(&number.to_le_bytes());
    }
    file.resize(PREAMBLE_BYTES, 0);
    file.extend_from_slice(header);
    file.resize(file.len().next_multiple_of(DATA_ALIGNMENT), 0);
    file.extend_from_slice(data);
    file.resize(file.len().next_multiple_of(DATA_ALIGNMENT), 0);
    seal(&mut file);
    file
}

/// Header and data as bytes, as far as the lengths in the file can be believed.
pub fn split(file: &[u8]) -> (&[u8], &[u8]) {
    let contents = file.get(PREAMBLE_BYTES..).unwrap_or_default();
    let announced = file.get(12..16).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
    let (header, rest) = contents.split_at((announced as usize).min(contents.len()));
    let padding = header.len().next_multiple_of(DATA_ALIGNMENT) - header.len();
    let data = rest.get(padding..).unwrap_or_default();
    (header, &data[..data.len() / DATA_ALIGNMENT * DATA_ALIGNMENT])
}

/// Appends the checksum.
fn seal(file: &mut Vec<u8>) {
    let checksum = CHECKSUM.checksum(file);
    file.extend_from_slice(&checksum.to_le_bytes());
}
