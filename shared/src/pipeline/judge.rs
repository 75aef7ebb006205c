//! Remembers what the senses said last, for as long as it counts, and decides.

use super::{FaceWord, SpeechWord};
use crate::decision::{Decider, Decision, DecisionSettings, EmotionEvent, Evidence};
use crate::link::{FaceBox, Heartbeat};
use crate::model::Description;

/// How long what a sense said counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemorySettings {
    /// A face's word, in milliseconds.
    pub face_ms: u32,
    /// A voice's word, in milliseconds.
    pub speech_ms: u32,
}

impl Default for MemorySettings {
    fn default() -> Self {
        Self { face_ms: 250, speech_ms: 1_000 }
    }
}

/// What was said, and when.
#[derive(Clone, Copy, Debug)]
struct Dated<T> {
    time_ms: u64,
    word: T,
}

impl<T: Copy> Dated<T> {
    /// The word, unless it is older than `memory_ms`.
    fn fresh(&self, now_ms: u64, memory_ms: u32) -> Option<T> {
        (now_ms.saturating_sub(self.time_ms) <= u64::from(memory_ms)).then_some(self.word)
    }
}

/// The last stage: takes the words of both senses, from wherever they come, and gives one decision a step.
#[derive(Clone, Debug)]
pub struct Judge {
    decider: Decider,
    memory: MemorySettings,
    face: Option<Dated<FaceWord>>,
    speech: Option<Dated<SpeechWord>>,
    decisions: u32,
}

impl Judge {
    /// Knows of nobody yet. The priors of the streams are those of the networks.
    pub fn new(
        face_network: Option<Description<'_>>,
        speech_network: Option<Description<'_>>,
        mut decision: DecisionSettings,
        memory: MemorySettings,
    ) -> Self {
        if let Some(network) = face_network {
            decision.fusion.face_prior = network.face_prior();
        }
        if let Some(network) = speech_network {
            decision.fusion.speech_prior = network.speech_prior();
        }
        Self { decider: Decider::new(decision), memory, face: None, speech: None, decisions: 0 }
    }

    /// Takes in what a frame came to. Who is followed may have changed in frames between: their words need not have come here.
    pub fn on_face(&mut self, now_ms: u64, word: FaceWord) {
        let person_before = self.face.map_or(0, |face| face.word.person);
        if person_before != 0 && person_before != word.person {
            self.decider.forget();
        }
        self.face = Some(Dated { time_ms: now_ms, word });
    }

    /// Takes in what has been heard so far. Posteriors that have been here before grow no younger by coming again.
    pub fn on_speech(&mut self, now_ms: u64, word: SpeechWord) {
        let time_ms = match self.speech {
            Some(before) if before.word.runs == word.runs => before.time_ms,
            _ => now_ms,
        };
        self.speech = Some(Dated { time_ms, word });
    }

    /// Decides what to show now.
    pub fn step(&mut self, now_ms: u64) -> Decision {
        self.decisions = self.decisions.wrapping_add(1);
        let face = self.fresh_face(now_ms);
        let speech = self.speech.and_then(|speech| speech.fresh(now_ms, self.memory.speech_ms));
        let evidence = Evidence {
            face: face.and_then(|face| face.posteriors),
            speech: speech.and_then(|speech| speech.posteriors),
        };
        let face_quality = face.and_then(|face| face.quality);
        Decision { face_quality, ..self.decider.step(now_ms, evidence) }
    }

    /// Ends what is on show, at the end of a run.
    pub fn finish(&mut self, now_ms: u64) -> Option<EmotionEvent> {
        self.decider.finish(now_ms)
    }

    /// Where the followed face is.
    pub fn face_box(&self, now_ms: u64) -> Option<FaceBox> {
        self.fresh_face(now_ms).and_then(|face| face.face_box)
    }

    /// The counters of senses and decisions, as a heartbeat reports them; what only the runtime knows is 0.
    pub fn counters(&self) -> Heartbeat {
        let face = self.face.map_or_else(FaceWord::default, |face| face.word);
        let speech = self.speech.map_or_else(SpeechWord::default, |speech| speech.word);
        Heartbeat {
            frames: face.frames,
            frames_with_face: face.frames_with_face,
            face_runs: face.runs,
            hops: speech.hops,
            hops_with_speech: speech.hops_with_speech,
            speech_runs: speech.runs,
            decisions: self.decisions,
            ..Heartbeat::default()
        }
    }

    fn fresh_face(&self, now_ms: u64) -> Option<FaceWord> {
        self.face.and_then(|face| face.fresh(now_ms, self.memory.face_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Verdict;
    use crate::{Emotion, FacePosteriors, SpeechPosteriors};

    fn judge() -> Judge {
        Judge::new(None, None, DecisionSettings::default(), MemorySettings::default())
    }

    fn seen(person: u32, emotion: Emotion) -> FaceWord {
        let mut weights = [0.02; 7];
        weights[emotion.face_index().unwrap()] = 0.88;
        let posteriors = Some(FacePosteriors::from_weights(weights));
        FaceWord { posteriors, person, frames: 1, ..FaceWord::default() }
    }

    fn heard(runs: u32, emotion: Emotion) -> SpeechWord {
        let mut weights = [0.02; 8];
        weights[emotion.index()] = 0.86;
        SpeechWord { posteriors: Some(SpeechPosteriors::from_weights(weights)), runs, ..SpeechWord::default() }
    }

    #[test]
    fn a_face_that_is_seen_no_more_stops_counting() {
        let mut judge = judge();
        judge.on_face(0, seen(1, Emotion::Happy));
        assert!(judge.step(250).face.is_some());
        assert!(judge.step(251).face.is_none());
        assert_eq!(judge.step(1_300).verdict, Verdict::Nobody);
    }

    #[test]
    fn a_voice_grows_no_younger_by_being_repeated() {
        let mut judge = judge();
        for now_ms in (0..=1_000).step_by(100) {
            judge.on_speech(now_ms, heard(1, Emotion::Sad));
            assert!(judge.step(now_ms).speech.is_some());
        }
        judge.on_speech(1_100, heard(1, Emotion::Sad));
        assert!(judge.step(1_100).speech.is_none());
        judge.on_speech(1_200, heard(2, Emotion::Sad));
        assert!(judge.step(1_200).speech.is_some());
    }

    #[test]
    fn another_person_is_judged_afresh_even_if_a_word_between_was_lost() {
        let mut judge = judge();
        judge.on_face(0, seen(1, Emotion::Happy));
        assert_eq!(judge.step(0).verdict, Verdict::Emotion(Emotion::Happy));
        judge.on_face(33, FaceWord { posteriors: None, ..seen(1, Emotion::Happy) });
        judge.step(33);
        judge.on_face(66, seen(3, Emotion::Sad));
        assert_eq!(judge.step(66).verdict, Verdict::Emotion(Emotion::Sad), "without the hold of the one before");
    }
}
