//! What the networks read in earnest: pictures of FER2013 and clips of RAVDESS, made into input by the box's own code.

use anyhow::{Context, Result};
use moodbox_shared::audio::{SpeechInputKind, SpeechStatistics, SpeechStream, WINDOW_STEP_ROWS};
use moodbox_shared::media::{read_luma, read_speech};
use moodbox_shared::model::{InputDescription, Model};
use moodbox_shared::vision::{CropSquare, FACE_INPUT, crop_to_face, face_input};
use std::fs;
use std::path::{Path, PathBuf};

/// RAVDESS speakers whose clips are read: two women and two men.
const SPEAKERS: [u8; 4] = [1, 4, 9, 22];

/// Inputs of the face network, height × width × channels, as real numbers: `count` pictures of FER2013's validation split, spread over it.
///
/// * `data`: the folder of data sets
pub fn faces(data: &Path, count: usize) -> Result<Vec<Vec<f32>>> {
    let mut pictures = Vec::new();
    for class in files(&data.join("fer2013/validation"))? {
        pictures.extend(files(&class)?);
    }
    let mut inputs = Vec::with_capacity(count);
    for path in pictures.iter().step_by((pictures.len() / count).max(1)) {
        let picture = read_luma(path).with_context(|| path.display().to_string())?;
        let mut crop = [0; FACE_INPUT];
        crop_to_face(&picture.view(), CropSquare { x: 0.0, y: 0.0, side: picture.width() as f32 }, &mut crop);
        let mut input = [0.0; FACE_INPUT];
        // Some pictures show nothing; the box does not run the network on them either.
        if face_input::scale(&crop, &mut input).is_ok() {
            inputs.push(input.to_vec());
        }
        if inputs.len() == count {
            break;
        }
    }
    Ok(inputs)
}

/// Inputs of a speech network, height × width × channels, as real numbers: `count` windows of clips, one every half second. They are real, and
/// nothing more: the network may have learned from them.
///
/// * `data`: the folder of data sets
pub fn voices(data: &Path, model: &Model<'_>, count: usize) -> Result<Vec<Vec<f32>>> {
    let InputDescription::Speech { kind, statistics, .. } = model.input() else {
        anyhow::bail!("this is a network for faces, one for speech is needed")
    };
    let mut clips = Vec::new();
    for speaker in SPEAKERS {
        clips.extend(files(&data.join(format!("ravdess/Actor_{speaker:02}")))?);
    }
    let mut inputs = Vec::with_capacity(count);
    let mut stream = Box::new(SpeechStream::new());
    // Every third clip: all speakers, emotions and sentences have their turn.
    for path in clips.iter().step_by(3).chain(clips.iter().skip(1).step_by(3)) {
        let samples = read_speech(path).with_context(|| path.display().to_string())?;
        windows(&mut stream, &samples, *kind, statistics, &mut inputs);
        if inputs.len() >= count {
            break;
        }
    }
    inputs.truncate(count);
    Ok(inputs)
}

fn windows(
    stream: &mut SpeechStream,
    samples: &[i16],
    kind: SpeechInputKind,
    statistics: &SpeechStatistics,
    inputs: &mut Vec<Vec<f32>>,
) {
    stream.clear();
    let mut rows = 0;
    for piece in samples.chunks(moodbox_shared::audio::HOP) {
        stream.push(piece, |_, _| rows += 1);
        if rows % WINDOW_STEP_ROWS == 0
            && let Some(window) = stream.window()
        {
            let mut input = vec![0.0; kind.input_len()];
            kind.scale(window, statistics, &mut input);
            inputs.push(input);
        }
    }
}

/// What lies in a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}
