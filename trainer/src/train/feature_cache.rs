//! Speech features kept from run to run: computing the rows of all clips and their variants takes longer than reading them back.
//!
//! An entry is a file, found by the content of its clip, the variant and a fingerprint of the code that computes: what a fixed sound's
//! features are, bit for bit. When that code changes, nothing old is found. A damaged entry counts as none.

use crate::dataset;
use crate::features::clip_rows;
use moodbox_shared::audio::{FEATURES, FeatureRow};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Options of the commands that compute features.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CacheArgs {
    /// Where speech features are kept from run to run, about 1 MB a clip [default: moodbox in the user's cache folder]
    #[arg(long, value_name = "DIR", conflicts_with = "no_cache")]
    pub cache: Option<PathBuf>,
    /// Compute speech features anew, and keep none
    #[arg(long)]
    pub no_cache: bool,
}

impl CacheArgs {
    /// The cache that is asked for.
    pub fn open(&self) -> FeatureCache {
        match (&self.cache, self.no_cache) {
            (_, true) => FeatureCache::none(),
            (Some(folder), false) => FeatureCache::at(folder),
            (None, false) => user_cache_folder().map_or_else(FeatureCache::none, |folder| FeatureCache::at(&folder)),
        }
    }
}

/// `$XDG_CACHE_HOME/moodbox`, or `~/.cache/moodbox`.
fn user_cache_folder() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = named("XDG_CACHE_HOME").or_else(|| named("HOME").map(|home| home.join(".cache")));
    folder.map(|folder| folder.join("moodbox"))
}

/// A folder of features, or nothing at all.
#[derive(Debug)]
pub struct FeatureCache {
    folder: Option<PathBuf>,
    /// Whether it was said that entries can't be written.
    complained: AtomicBool,
}

const MAGIC: &[u8; 8] = b"MOODROWS";

const CHECKSUM: crc::Crc<u64, crc::Table<16>> = crc::Crc::<u64, crc::Table<16>>::new(&crc::CRC_64_XZ);

impl FeatureCache {
    /// Keeps nothing.
    pub fn none() -> Self {
        Self { folder: None, complained: AtomicBool::new(false) }
    }

    /// Keeps features in a folder, which is made when the first are kept.
    pub fn at(folder: &Path) -> Self {
        let folder = folder.join(format!("features-{:016x}", fingerprint()));
        Self { folder: Some(folder), complained: AtomicBool::new(false) }
    }

    /// The rows kept under a name; `None` if there are none, or not what was kept.
    ///
    /// * `name`: says clip and variant, and is a file's name
    pub(super) fn load(&self, name: &str) -> Option<Vec<FeatureRow>> {
        let bytes = fs::read(self.folder.as_ref()?.join(name)).ok()?;
        let (content, checksum) = bytes.split_last_chunk::<8>()?;
        if checksum_of(name, content) != u64::from_le_bytes(*checksum) {
            return None;
        }
        let numbers = content.strip_prefix(MAGIC)?.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
        let numbers: Vec<f32> = numbers.collect();
        Some(numbers.as_chunks::<FEATURES>().0.iter().map(|row| FeatureRow(*row)).collect())
    }

    /// Keeps rows under a name. That this fails is told once and changes nothing.
    pub(super) fn store(&self, name: &str, rows: &[FeatureRow]) {
        let Some(folder) = &self.folder else { return };
        let mut content = MAGIC.to_vec();
        content.extend(rows.iter().flat_map(|row| row.0).flat_map(f32::to_le_bytes));
        content.extend(checksum_of(name, &content).to_le_bytes());
        if let Err(error) = write(folder, name, &content)
            && !self.complained.swap(true, Ordering::Relaxed)
        {
            eprintln!("features are not kept in {}: {error}", folder.display());
        }
    }
}

/// Writes a file that is there whole or not at all, whoever else writes the same one.
fn write(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.persist(folder.join(name))?;
    Ok(())
}

/// Of an entry's name too: a file that was renamed is not what it says.
fn checksum_of(name: &str, content: &[u8]) -> u64 {
    let mut digest = CHECKSUM.digest();
    digest.update(name.as_bytes());
    digest.update(content);
    digest.finalize()
}

/// What the code that computes features, and the sounds that they are computed of, makes of one sound.
fn fingerprint() -> u64 {
    // Half a second that sweeps and swells, so that every band has something to tell.
    let sweep = |t: i32| ((t as f32).powi(2) * 1e-4).sin() * t as f32 * 3.0;
    let sound: Vec<i16> = (0..8000).map(|t| sweep(t) as i16).collect();
    let sounds = super::speech_examples::Variant::all().map(|variant| variant.samples(&sound, 1));
    let numbers = sounds.flat_map(|sound| clip_rows(&sound)).flat_map(|row| row.0);
    dataset::content_hash(numbers.flat_map(|number| number.to_bits().to_le_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize) -> Vec<FeatureRow> {
        (0..count).map(|row| FeatureRow(std::array::from_fn(|feature| (row * 1000 + feature) as f32 * 0.1))).collect()
    }

    #[test]
    fn what_is_kept_is_found_again_bit_for_bit() {
        let place = tempfile::tempdir().unwrap();
        let cache = FeatureCache::at(&place.path().join("new"));
        assert!(cache.load("a").is_none());
        cache.store("a", &rows(5));
        cache.store("none", &[]);
        let cache = FeatureCache::at(&place.path().join("new"));
        assert!(cache.load("a").unwrap() == rows(5));
        assert!(cache.load("none").unwrap().is_empty());
        assert!(cache.load("b").is_none());
        FeatureCache::none().store("a", &rows(5));
        assert!(FeatureCache::none().load("a").is_none());
    }

    #[test]
    fn a_damaged_or_renamed_entry_counts_as_none() {
        let place = tempfile::tempdir().unwrap();
        let cache = FeatureCache::at(place.path());
        cache.store("a", &rows(2));
        let path = cache.folder.as_ref().unwrap().join("a");
        let whole = fs::read(&path).unwrap();
        for place in [0, 9, whole.len() / 2, whole.len() - 1] {
            let mut bytes = whole.clone();
            bytes[place] ^= 1;
            fs::write(&path, bytes).unwrap();
            assert!(cache.load("a").is_none(), "byte {place}");
        }
        for len in [0, 7, 16, whole.len() - 4 * FEATURES, whole.len() - 1] {
            fs::write(&path, &whole[..len]).unwrap();
            assert!(cache.load("a").is_none(), "{len} bytes");
        }
        fs::write(&path, &whole).unwrap();
        assert!(cache.load("a").is_some());
        fs::rename(&path, path.with_file_name("b")).unwrap();
        assert!(cache.load("b").is_none());
    }

    #[test]
    fn a_folder_that_cannot_be_written_stops_nobody() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        fs::write(&file, "in the way").unwrap();
        let cache = FeatureCache::at(&file);
        cache.store("a", &rows(1));
        assert!(cache.load("a").is_none());
        assert!(cache.complained.load(Ordering::Relaxed));
    }
}
