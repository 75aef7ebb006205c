//! What can be counted over labelled pictures or clips.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use moodbox_shared::Emotion;
use moodbox_shared::vision::{CropSquare, FACE_INPUT, crop_to_face, face_input};

use crate::dataset::{Clip, Part, Picture};

/// What is counted of a picture or clip.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its part.
    pub part: Part,
    /// Its label.
    pub emotion: Emotion,
    /// Of its content.
    pub content_hash: u64,
    /// Who speaks.
    pub speaker: Option<u16>,
    /// Length of a clip.
    pub seconds: Option<f64>,
    /// A picture that the network would not look at.
    pub without_contrast: bool,
}

impl From<&Picture> for Entry {
    fn from(picture: &Picture) -> Self {
        let view = picture.luma.view();
        let mut crop = [0; FACE_INPUT];
        crop_to_face(&view, CropSquare::whole(&view), &mut crop);
        Self {
            part: picture.part,
            emotion: picture.emotion,
            content_hash: picture.content_hash,
            speaker: None,
            seconds: None,
            without_contrast: face_input::scale(&crop, &mut [0.0; FACE_INPUT]).is_err(),
        }
    }
}

impl Entry {
    /// Of a clip and the part that it was found in.
    pub fn of_clip(clip: &Clip, part: Part) -> Self {
        Self {
            part,
            emotion: clip.emotion,
            content_hash: clip.content_hash,
            speaker: clip.speaker,
            seconds: Some(clip.seconds()),
            without_contrast: false,
        }
    }
}

/// Counts over many entries; printed, a table with remarks.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    entries: Vec<Entry>,
}

impl Survey {
    /// Of these entries.
    pub fn new(entries: Vec<Entry>) -> Self {
        Self { entries }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The parts that anything belongs to, in order.
    pub fn parts(&self) -> Vec<Part> {
        self.entries.iter().map(|entry| entry.part).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Entries of a part and label; `All` stands for every part.
    pub fn count(&self, part: Part, emotion: Emotion) -> usize {
        let belongs = |entry: &&Entry| (part == Part::All || entry.part == part) && entry.emotion == emotion;
        self.entries.iter().filter(belongs).count()
    }

    /// Entries of a part whose content stands before them in the same part.
    pub fn copies_within(&self, part: Part) -> usize {
        let mut seen = HashSet::new();
        self.entries.iter().filter(|entry| entry.part == part && !seen.insert(entry.content_hash)).count()
    }

    /// Entries of `part` whose content also stands in `other`.
    pub fn copies_between(&self, part: Part, other: Part) -> usize {
        let hashes: HashSet<u64> =
            self.entries.iter().filter(|entry| entry.part == other).map(|entry| entry.content_hash).collect();
        self.entries.iter().filter(|entry| entry.part == part && hashes.contains(&entry.content_hash)).count()
    }

    /// Contents that carry more than one label.
    pub fn contradictions(&self) -> usize {
        let mut labels: HashMap<u64, HashSet<Emotion>> = HashMap::new();
        for entry in &self.entries {
            labels.entry(entry.content_hash).or_default().insert(entry.emotion);
        }
        labels.values().filter(|labels| labels.len() > 1).count()
    }

    /// Every speaker with the number of clips.
    pub fn speakers(&self) -> BTreeMap<u16, usize> {
        let mut speakers = BTreeMap::new();
        for speaker in self.entries.iter().filter_map(|entry| entry.speaker) {
            *speakers.entry(speaker).or_default() += 1;
        }
        speakers
    }

    /// Shortest, median and longest clip and the sum of all, in seconds; `None` of pictures.
    pub fn durations(&self) -> Option<[f64; 4]> {
        let mut seconds: Vec<f64> = self.entries.iter().filter_map(|entry| entry.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        let (&shortest, &longest) = (seconds.first()?, seconds.last()?);
        Some([shortest, seconds[seconds.len() / 2], longest, seconds.iter().sum()])
    }

    fn write_table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let emotions: Vec<Emotion> =
            Emotion::ALL.into_iter().filter(|&emotion| self.count(Part::All, emotion) > 0).collect();
        write!(f, "  {:<10}", "")?;
        for emotion in &emotions {
            write!(f, " {emotion:>9}")?;
        }
        writeln!(f, " {:>9}", "all")?;
        let mut rows: Vec<(&str, Part)> = self.parts().into_iter().map(|part| (part.name(), part)).collect();
        match rows[..] {
            // A data set without parts has no use for the name of one.
            [(_, Part::Train)] => rows = vec![("", Part::All)],
            [_] => {}
            _ => rows.push(("all", Part::All)),
        }
        for (name, part) in rows {
            write!(f, "  {name:<10}")?;
            let counts: Vec<usize> = emotions.iter().map(|&emotion| self.count(part, emotion)).collect();
            for count in &counts {
                write!(f, " {count:>9}")?;
            }
            writeln!(f, " {:>9}", counts.iter().sum::<usize>())?;
        }
        Ok(())
    }

    fn write_duplicates(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.parts();
        let within: usize = parts.iter().map(|&part| self.copies_within(part)).sum();
        let place = if parts.len() > 1 { " within their part" } else { "" };
        write!(f, "  duplicates: {within} are copies of another{place}")?;
        for (index, &part) in parts.iter().enumerate() {
            for &other in &parts[..index] {
                let count = self.copies_between(part, other);
                if count > 0 {
                    write!(f, "; {count} of {part} also stand in {other}")?;
                }
            }
        }
        let contradictions = self.contradictions();
        if contradictions > 0 {
            write!(f, "; {contradictions} contents carry more than one label")?;
        }
        writeln!(f)
    }
}

impl fmt::Display for Survey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_table(f)?;
        let speakers = self.speakers();
        if !speakers.is_empty() {
            let list: Vec<String> = speakers.iter().map(|(speaker, clips)| format!("{speaker} ({clips})")).collect();
            writeln!(f, "  speakers: {}, with their clips: {}", speakers.len(), list.join(", "))?;
        }
        if let Some([shortest, median, longest, sum]) = self.durations() {
            let minutes = sum / 60.0;
            writeln!(
                f,
                "  durations: {shortest:.2} s to {longest:.2} s, median {median:.2} s, together {minutes:.1} minutes"
            )?;
        }
        self.write_duplicates(f)?;
        let without_contrast = self.entries.iter().filter(|entry| entry.without_contrast).count();
        if without_contrast > 0 {
            writeln!(f, "  without contrast: {without_contrast} (nothing is learned from them)")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(part: Part, emotion: Emotion, content_hash: u64) -> Entry {
        Entry { part, emotion, content_hash, speaker: None, seconds: None, without_contrast: false }
    }

    #[test]
    fn copies_are_told_apart_by_where_they_stand() {
        let survey = Survey::new(vec![
            entry(Part::Train, Emotion::Happy, 1),
            entry(Part::Train, Emotion::Happy, 1),
            entry(Part::Train, Emotion::Sad, 1),
            entry(Part::Train, Emotion::Sad, 2),
            entry(Part::Validation, Emotion::Sad, 2),
            entry(Part::Validation, Emotion::Sad, 3),
        ]);
        assert_eq!((survey.copies_within(Part::Train), survey.copies_within(Part::Validation)), (2, 0));
        assert_eq!(survey.copies_between(Part::Validation, Part::Train), 1);
        assert_eq!(survey.contradictions(), 1);
        let text = survey.to_string();
        for line in [
            "train              2         2         4",
            "all                2         4         6",
            "1 of validation also stand in train",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }

    #[test]
    fn clips_have_speakers_and_durations() {
        let clip = |speaker, seconds| Entry {
            speaker: Some(speaker),
            seconds: Some(seconds),
            ..entry(Part::Train, Emotion::Calm, speaker.into())
        };
        let survey = Survey::new(vec![clip(2, 1.0), clip(7, 4.0), clip(7, 3.0)]);
        assert_eq!(survey.durations(), Some([1.0, 3.0, 4.0, 8.0]));
        let text = survey.to_string();
        assert!(text.contains("speakers: 2, with their clips: 2 (1), 7 (2)"), "{text}");
        assert!(text.contains("1.00 s to 4.00 s, median 3.00 s"), "{text}");
        assert!(!text.contains("train"), "{text}");
    }
}
