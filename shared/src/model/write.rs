//! Makes the bytes of a model file.

extern crate std;

use super::format::{CHECKSUM, DATA_ALIGNMENT, FORMAT_VERSION, MAGIC, PREAMBLE_BYTES};
use super::{Header, Model, ModelError};
use std::vec::Vec;
use thiserror::Error;

/// Why no model file can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The header does not fit into its buffer.
    #[error("the header takes more than {MAX_HEADER_BYTES} bytes: use fewer layers")]
    HeaderTooLong,
    /// What was put together is no model that the box would load.
    #[error("the box would refuse this model: {0}")]
    Refused(#[from] ModelError),
}

/// More than the longest header that the types allow.
const MAX_HEADER_BYTES: usize = 32 * 1024;

/// The bytes of a `.moodnet` file, loaded once to be sure that the box takes them.
///
/// * `data`: the parameters of the layers, laid out as [`format`](super::format) says
pub fn write(header: &Header, data: &[u8]) -> Result<Vec<u8>, WriteError> {
    let mut buffer = [0; MAX_HEADER_BYTES];
    let encoded = postcard::to_slice(header, &mut buffer).map_err(|_| WriteError::HeaderTooLong)?;
    let data_bytes = data.len().next_multiple_of(DATA_ALIGNMENT);
    let mut file = Vec::with_capacity(PREAMBLE_BYTES + encoded.len() + data_bytes + 2 * DATA_ALIGNMENT);
    file.extend_from_slice(&MAGIC);
    file.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    file.extend_from_slice(&(encoded.len() as u32).to_le_bytes());
    file.extend_from_slice(&(data_bytes as u32).to_le_bytes());
    file.resize(PREAMBLE_BYTES, 0);
    file.extend_from_slice(encoded);
    file.resize(file.len().next_multiple_of(DATA_ALIGNMENT), 0);
    file.extend_from_slice(data);
    file.resize(file.len().next_multiple_of(DATA_ALIGNMENT), 0);
    let checksum = CHECKSUM.checksum(&file);
    file.extend_from_slice(&checksum.to_le_bytes());
    Model::load(&file)?;
    Ok(file)
}
