//! Arrays in NumPy's own format, version 1.0 (NEP 1, Kern 2007): what Python reads with `numpy.load`.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The data begins at a multiple of this, so that it can be mapped into memory.
const ALIGNMENT: usize = 64;

/// Magic, version 1.0 and two bytes for the header's length.
const PREAMBLE_BYTES: usize = 10;

/// A number that NumPy knows, little-endian.
pub trait NpyNumber: Copy {
    /// NumPy's name of the type.
    const DESCR: &'static str;

    /// Adds the number to the data.
    fn append_to(self, data: &mut Vec<u8>);
}

macro_rules! npy_number {
    ($($number:ty = $descr:literal),*) => {$(
        impl NpyNumber for $number {
            const DESCR: &'static str = $descr;

            fn append_to(self, data: &mut Vec<u8>) {
                data.extend_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}

npy_number!(f32 = "<f4", f64 = "<f8", u64 = "<u8");

/// The bytes of a `.npy` file.
///
/// * `shape`: the numbers along each axis; their product is the length of `values`
/// * `values`: the last axis varies fastest (C order)
///
/// # Panics
///
/// If `shape` and `values` contradict each other.
pub fn npy<T: NpyNumber>(shape: &[usize], values: &[T]) -> Vec<u8> {
    assert_eq!(shape.iter().product::<usize>(), values.len(), "numbers of shape {shape:?}");
    let axes: String = shape.iter().map(|length| format!("{length},")).collect();
    let header = format!("{{'descr': '{}', 'fortran_order': False, 'shape': ({axes}), }}", T::DESCR);
    // A line feed ends the header; spaces before it fill up.
    let data_start = (PREAMBLE_BYTES + header.len() + 1).next_multiple_of(ALIGNMENT);
    let header_bytes = data_start - PREAMBLE_BYTES;

    let mut file = Vec::with_capacity(data_start + size_of_val(values));
    file.extend_from_slice(b"\x93NUMPY\x01\x00");
    file.extend_from_slice(&(header_bytes as u16).to_le_bytes());
    file.extend_from_slice(header.as_bytes());
    file.resize(data_start - 1, b' ');
    file.push(b'\n');
    for &value in values {
        value.append_to(&mut file);
    }
    file
}

/// The bytes of a `.npz` file: `.npy` files by name in a zip, as they are.
///
/// * `arrays`: name, without the extension, and content of each
pub fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let written = arrays
        .iter()
        .try_for_each(|(name, content)| {
            archive.start_file(format!("{name}.npy"), stored)?;
            Ok(archive.write_all(content)?)
        })
        .and_then(|()| archive.finish());
    let file: zip::result::ZipResult<_> = written;
    file.expect("memory takes everything").into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_file_is_laid_out_as_published() {
        let file = npy(&[2, 3], &[1.0f32, 2.0, 3.0, 4.0, 5.0, -0.5]);
        assert_eq!(file[..8], *b"\x93NUMPY\x01\x00");
        let header_bytes = usize::from(u16::from_le_bytes([file[8], file[9]]));
        assert_eq!((10 + header_bytes) % 64, 0);
        let header = std::str::from_utf8(&file[10..10 + header_bytes]).unwrap();
        assert!(header.starts_with("{'descr': '<f4', 'fortran_order': False, 'shape': (2,3,), }"), "{header}");
        assert!(header.ends_with('\n') && header.trim_end().ends_with('}'));
        let data = &file[10 + header_bytes..];
        assert_eq!(data.len(), 6 * 4);
        assert_eq!(data[..4], [0, 0, 0x80, 0x3F], "1.0");
        assert_eq!(data[20..], [0, 0, 0, 0xBF], "-0.5");
    }

    #[test]
    fn one_axis_and_none_are_tuples_too() {
        let header = |file: Vec<u8>| String::from_utf8_lossy(&file[10..128]).into_owned();
        assert!(header(npy(&[3], &[1u64, 2, 3])).contains("'<u8', 'fortran_order': False, 'shape': (3,), }"));
        assert!(header(npy(&[], &[1.0f64])).contains("'<f8', 'fortran_order': False, 'shape': (), }"));
    }

    #[test]
    fn an_archive_holds_its_arrays_by_name() {
        let array = npy(&[1], &[7u64]);
        let file = npz(&[("epoch", array.clone()), ("loss", npy(&[0], &[] as &[f64]))]);
        let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
        assert_eq!(archive.len(), 2);
        let mut content = Vec::new();
        archive.by_name("epoch.npy").unwrap().read_to_end(&mut content).unwrap();
        assert_eq!(content, array);
    }
}
