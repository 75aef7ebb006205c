//! RAVDESS (Livingstone & Russo 2018): the label and the actor stand in the file's name.

use std::path::Path;

use moodbox_shared::Emotion;

/// What the name of a RAVDESS file says: seven two-digit fields, `modality-channel-emotion-intensity-statement-repetition-actor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RavdessName {
    /// Spoken, or sung.
    pub channel: Channel,
    /// Third field.
    pub emotion: Emotion,
    /// Fourth field: acted strongly.
    pub strong: bool,
    /// Last field; odd actors are male, even ones female.
    pub actor: u16,
}

/// Second field of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// `01`.
    Speech,
    /// `02`.
    Song,
}

impl RavdessName {
    /// Reads a file name such as `03-01-06-01-02-01-12.wav`; `None` for every other name.
    pub fn parse(path: &Path) -> Option<Self> {
        let mut fields = [0u8; 7];
        let mut parts = path.file_stem()?.to_str()?.split('-');
        for field in &mut fields {
            let part = parts.next().filter(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))?;
            *field = part.parse().ok()?;
        }
        let [modality, channel, emotion, intensity, _statement, _repetition, actor] = fields;
        if parts.next().is_some() || !(1..=3).contains(&modality) {
            return None;
        }
        let channel = match channel {
            1 => Channel::Speech,
            2 => Channel::Song,
            _ => return None,
        };
        let emotion = Emotion::from_ravdess_code(emotion)?;
        Some(Self { channel, emotion, strong: intensity == 2, actor: u16::from(actor) })
    }
}

/// Whether a folder carries the name of an actor's: `Actor_01` to `Actor_24`.
pub fn is_actor_folder(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .and_then(|name| name.split_once('_'))
        .is_some_and(|(word, number)| word.eq_ignore_ascii_case("actor") && number.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_label_and_actor() {
        let name = RavdessName::parse(Path::new("Actor_12/03-01-06-02-02-01-12.wav")).unwrap();
        assert_eq!(name, RavdessName { channel: Channel::Speech, emotion: Emotion::Fearful, strong: true, actor: 12 });
        assert_eq!(RavdessName::parse(Path::new("03-02-01-01-01-01-01.flac")).unwrap().channel, Channel::Song);
    }

    #[test]
    fn other_names_are_not_taken_for_it() {
        for name in [
            "hello.wav",
            "03-01-09-01-01-01-01.wav",
            "03-01-01-01-01-01.wav",
            "3-1-1-1-1-1-1.wav",
            "04-01-01-01-01-01-01.wav",
            "03-01-01-01-01-01-01-01.wav",
            "+3-01-01-01-01-01-01.wav",
        ] {
            assert_eq!(RavdessName::parse(Path::new(name)), None, "{name}");
        }
    }

    #[test]
    fn actor_folders_are_known_by_name() {
        assert!(is_actor_folder(Path::new("/data/Actor_01")));
        assert!(!is_actor_folder(Path::new("/data/Actors")));
        assert!(!is_actor_folder(Path::new("/data/actor_x")));
    }
}
