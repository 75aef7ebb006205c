//! What was packed is what is read, and what is damaged is told.

use super::*;
use crate::dataset::{Labels, read_clips, read_pictures, read_training_beside};
use crate::sample::wav_bytes;
use std::fs;

/// Pictures in two parts, a sound, votes, and a file that is nothing.
fn data_set(dir: &Path) {
    for (name, shade) in [("train/happy/a.png", 10), ("train/sad/b.png", 20), ("test/sad/c.png", 30)] {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        image::GrayImage::from_fn(50, 40, |x, y| image::Luma([(x * 3 + y * y + shade) as u8])).save(path).unwrap();
    }
    let sound: Vec<i16> = (0..9000).map(|t| ((t * t) % 20_011 - 10_000) as i16).collect();
    fs::write(dir.join("train/sad/03-01-04-01-01-01-07.wav"), wav_bytes(&sound)).unwrap();
    fs::write(dir.join("train/sad/notes.txt"), "nothing").unwrap();
    let columns = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF";
    fs::write(dir.join("ferplus_votes.csv"), format!("file,{columns}\nb.png,0,0,0,9,0,0,0,0,1,0\n")).unwrap();
}

fn packed(dir: &Path) -> PathBuf {
    data_set(dir);
    let path = dir.join("set.moodpack");
    let (contents, left_out) = Contents::read(dir, None).unwrap();
    assert_eq!(left_out.unreadable.len(), 1);
    fs::write(&path, contents.to_bytes().unwrap()).unwrap();
    path
}

#[test]
fn a_pack_holds_what_its_folder_held() {
    let dir = tempfile::tempdir().unwrap();
    let path = packed(dir.path());
    for part in [Part::Train, Part::Test, Part::All] {
        let (here, there) = (read_pictures(&path, part).unwrap(), read_pictures(dir.path(), part).unwrap());
        assert_eq!(here.pictures.len(), there.pictures.len());
        for (here, there) in here.pictures.iter().zip(&there.pictures) {
            assert_eq!(
                (&here.id, here.emotion, here.part, &here.luma, here.content_hash),
                (&there.id, there.emotion, there.part, &there.luma, there.content_hash)
            );
        }
    }
    let (here, there) = (read_clips(&path).unwrap(), read_clips(dir.path()).unwrap());
    assert_eq!((here.clips.len(), here.speakers()), (1, vec![7]));
    assert_eq!(here.clips[0].samples, there.clips[0].samples);
    let votes = Labels::Ferplus.table(None, &Unpacked::open(&path).unwrap()).unwrap().unwrap();
    assert_eq!(votes.of("train/sad/b.png").and_then(crate::dataset::Votes::majority), Some(Emotion::Sad));
    assert_eq!(Layout::detect(&path).unwrap().part_to_score(), Part::Test);
    assert_eq!(read_training_beside(&path, Part::Test).unwrap().unwrap().pictures.len(), 2);
    let error = read_pictures(&path, Part::Validation).unwrap_err();
    assert!(error.to_string().ends_with("has no part 'validation', only: train, test"), "{error}");
}

#[test]
fn a_pack_of_a_pack_is_the_same_pack() {
    let dir = tempfile::tempdir().unwrap();
    let path = packed(dir.path());
    fs::remove_file(dir.path().join("ferplus_votes.csv")).unwrap();
    let (contents, _) = Contents::read(&path, None).unwrap();
    let again = dir.path().join("again.moodpack");
    fs::write(&again, contents.to_bytes().unwrap()).unwrap();
    assert_eq!(Pack::open(&again).unwrap().index, Pack::open(&path).unwrap().index);
}

#[test]
fn every_damage_is_one_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = packed(dir.path());
    let whole = fs::read(&path).unwrap();
    let broken = dir.path().join("broken.moodpack");
    let refused = |bytes: &[u8]| {
        fs::write(&broken, bytes).unwrap();
        let results = [
            read_pictures(&broken, Part::All).map(|_| ()),
            read_clips(&broken).map(|_| ()),
            Unpacked::open(&broken).and_then(|broken| Labels::Ferplus.table(None, &broken)).map(|_| ()),
        ];
        let error = results.into_iter().find_map(Result::err);
        let message = error.map(|error| error.to_string()).unwrap_or_default();
        (message.contains("broken.moodpack") && message.contains("damaged pack"), message)
    };
    for len in [60, whole.len() / 3, whole.len() / 2, whole.len() - 30, whole.len() - 1] {
        let (is_clear, message) = refused(&whole[..len]);
        assert!(is_clear, "{len} bytes of {}: {message}", whole.len());
    }
    // A single bit: noticed, or it stands where nothing is said, as in dates, and everything is read as it was.
    let all_hashes = |path: &Path| {
        let pictures = read_pictures(path, Part::All).unwrap().pictures;
        let clips = read_clips(path).unwrap().clips;
        let hashes = pictures.iter().map(|picture| picture.content_hash);
        hashes.chain(clips.iter().map(|clip| clip.content_hash)).collect::<Vec<u64>>()
    };
    let (mut noticed, mut tried) = (0, 0);
    for place in (60..whole.len()).step_by(31) {
        let mut bytes = whole.clone();
        bytes[place] ^= 4;
        let (is_clear, message) = refused(&bytes);
        assert!(is_clear || message.is_empty(), "byte {place}: {message}");
        assert!(is_clear || all_hashes(&broken) == all_hashes(&path), "byte {place}");
        noticed += usize::from(is_clear);
        tried += 1;
    }
    assert!(tried > 50 && noticed * 2 > tried, "{noticed} of {tried}");
}

#[test]
fn a_pack_that_lies_about_its_sizes_or_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = packed(dir.path());
    let index = serde_json::to_string(&Pack::open(&path).unwrap().index).unwrap();
    let refused = |index: &str| {
        let mut archive = ZipWriter::new(File::create(&path).unwrap());
        for (name, bytes) in [(INDEX_NAME, index.as_bytes()), ("pictures/0", &[0; 6000])] {
            archive.start_file(name, SimpleFileOptions::default()).unwrap();
            archive.write_all(bytes).unwrap();
        }
        archive.finish().unwrap();
        read_pictures(&path, Part::All).unwrap_err().to_string()
    };
    assert!(refused(&index).contains("is not what was packed"));
    for (from, to) in [("\"width\":50", "\"width\":4000000000"), ("\"width\":50", "\"width\":0")] {
        assert!(refused(&index.replace(from, to)).contains("pictures/0 is too"));
    }
    assert!(refused("{}").contains("damaged pack"));
    assert!(refused(&index.replace("\"format\":1", "\"format\":2")).contains("format 2"));
}
