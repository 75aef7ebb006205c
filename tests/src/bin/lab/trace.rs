//! Frame by frame: what the box made of the frames that it captured, against what it makes of the same frames from a file.
//!
//! The box writes one JSON object a frame, `{"time_us":…, "frame":"<CRC-32 of the luma>", "size":[…], "face_box":…, "crop":"<CRC-32>",
//! "face":[…]}`. The same program writes the same number in the same way, so objects are compared as they stand, but for their time.

use crate::expectation::Found;
use crate::material::Pictures;
use serde_json::Value;
use std::collections::HashMap;

/// Captured frames that must be found of each picture.
const MIN_FRAMES: u64 = 4;

/// Whether every captured frame that equals a written one was judged as in the replay; says how many those are.
///
/// * `replayed`: the trace of the replay
/// * `live`: what `trace` in the guest's `init` prints, `COUNT OBJECT` a line
pub fn compare(pictures: &Pictures, replayed: &str, live: &[String]) -> Found {
    let expected = expected(replayed)?;
    let mut counts: HashMap<&str, u64> = HashMap::new();
    let mut others = 0;
    for line in live {
        let (count, object) =
            line.trim_start().split_once(' ').ok_or_else(|| format!("not a line of a trace: {line}"))?;
        let count: u64 = count.parse().map_err(|_| format!("not a line of a trace: {line}"))?;
        let (checksum, object) = parse(object)?;
        match expected.get_key_value(&checksum) {
            Some((checksum, replay)) if *replay == object => *counts.entry(checksum).or_default() += count,
            Some((_, replay)) => return Err(format!("{count} frames gave {object}, the replay gave {replay}")),
            None => others += count,
        }
    }
    let mut total = 0;
    for picture in pictures.all() {
        let found: u64 = picture.checksums().iter().filter_map(|checksum| counts.get(checksum.as_str())).sum();
        if found < MIN_FRAMES {
            return Err(format!("only {found} captured frames show {}", picture.name));
        }
        total += found;
    }
    Ok(format!(
        "{total} frames of {} pictures, bit for bit; {others} others came while there was no picture",
        pictures.faces.len() + 1
    ))
}

/// What the replay says of each frame. One frame, one answer: anything else can't be compared.
fn expected(replayed: &str) -> Result<HashMap<String, Value>, String> {
    let mut expected = HashMap::new();
    for line in replayed.lines() {
        let (checksum, object) = parse(line)?;
        if let Some(before) = expected.insert(checksum, object.clone())
            && before != object
        {
            return Err(format!("the replay says {before} and {object} of the same frame: choose another picture"));
        }
    }
    Ok(expected)
}

/// Checksum of the frame, and everything but the time.
fn parse(line: &str) -> Result<(String, Value), String> {
    let mut object: Value = serde_json::from_str(line).map_err(|error| format!("{error} in `{line}`"))?;
    let fields = object.as_object_mut().ok_or_else(|| format!("no object: `{line}`"))?;
    fields.remove("time_us");
    let checksum = fields.get("frame").and_then(Value::as_str).ok_or_else(|| format!("no frame in `{line}`"))?;
    Ok((checksum.to_owned(), object))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::material::Picture;
    use std::path::Path;

    fn line(checksum: &str, width: u32) -> String {
        format!(r#"{{"time_us":5,"frame":"{checksum}","face_box":{{"x":1,"y":2,"width":{width},"height":9}}}}"#)
    }

    fn lines(pictures: &Pictures, count: u64, width: u32) -> Vec<String> {
        let checksums = pictures.all().flat_map(Picture::checksums);
        checksums.map(|checksum| format!("  {count} {}", line(&checksum, width))).collect()
    }

    #[test]
    fn frames_are_the_replays_only_if_nothing_differs_and_none_is_missing() {
        let pictures = Pictures::read(&moodbox_tests::models_dir(), Path::new("nowhere"), false).unwrap();
        let replayed: Vec<String> =
            pictures.all().flat_map(Picture::checksums).map(|checksum| line(&checksum, 50)).collect();
        let replayed = replayed.join("\n");
        let mut live = lines(&pictures, 2, 50);
        live.push(format!("7 {}", line("00000000", 1)));
        assert!(compare(&pictures, &replayed, &live).is_ok());
        assert!(compare(&pictures, &replayed, &live[2..]).unwrap_err().contains("only 0 captured frames show neutral"));
        live[3] = lines(&pictures, 2, 51).swap_remove(3);
        assert!(compare(&pictures, &replayed, &live).unwrap_err().contains("the replay gave"));
        live[3] = "nothing".to_owned();
        assert!(compare(&pictures, &replayed, &live).unwrap_err().contains("not a line of a trace"));
    }

    #[test]
    fn a_replay_that_contradicts_itself_is_no_reference() {
        let pictures = Pictures::read(&moodbox_tests::models_dir(), Path::new("nowhere"), false).unwrap();
        let replayed = [line("0badcafe", 1), line("0badcafe", 2)].join("\n");
        assert!(compare(&pictures, &replayed, &[]).unwrap_err().contains("of the same frame"));
    }
}
