//! The last stage: which verdict is shown, and since when.

use super::{Decision, EmotionEvent, EventPhase, Events, Evidence, FusionSettings, Smoother, Verdict, fuse};
use crate::{Emotion, SpeechPosteriors};

/// How easily the verdict changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DecisionSettings {
    /// Priors and trust of the streams.
    pub fusion: FusionSettings,
    /// Time constant of the average over time, in milliseconds.
    pub smoothing_ms: u32,
    /// Smoothed probability at which an emotion begins to be shown.
    pub enter: f32,
    /// Smoothed probability under which it is no longer shown; below `enter`.
    pub stay: f32,
    /// How long an emotion is shown at least before another takes its place, in milliseconds.
    pub hold_ms: u32,
    /// How long the last verdict stays when face and voice are gone, in milliseconds.
    pub absence_ms: u32,
}

impl Default for DecisionSettings {
    fn default() -> Self {
        Self {
            fusion: FusionSettings::default(),
            smoothing_ms: 350,
            enter: 0.5,
            stay: 0.35,
            hold_ms: 400,
            absence_ms: 1_000,
        }
    }
}

/// Fuses, smooths and decides; one call a step.
#[derive(Clone, Debug)]
pub struct Decider {
    settings: DecisionSettings,
    smoother: Smoother,
    shown: Shown,
    last_evidence_ms: u64,
    smoothed: Option<SpeechPosteriors>,
    /// Whether what is on show was about somebody else.
    is_stale: bool,
}

/// The verdict on show.
#[derive(Clone, Copy, Debug)]
struct Shown {
    verdict: Verdict,
    began_ms: u64,
    peak_confidence: f32,
}

impl Decider {
    /// Starts with nobody there.
    pub const fn new(settings: DecisionSettings) -> Self {
        Self {
            settings,
            smoother: Smoother::new(settings.smoothing_ms),
            shown: Shown { verdict: Verdict::Nobody, began_ms: 0, peak_confidence: 0.0 },
            last_evidence_ms: 0,
            smoothed: None,
            is_stale: false,
        }
    }

    /// Whoever is seen from now on is somebody else: neither the average so far nor what is on show says anything about them.
    ///
    /// What is on show stays until there is evidence, and then has to be entered anew.
    pub fn forget(&mut self) {
        self.smoother.clear();
        self.is_stale = true;
    }

    /// What to show at `time_ms`, given what face and voice say now.
    ///
    /// `time_ms` may stand still but not run backwards; a clock that does counts as standing still.
    pub fn step(&mut self, time_ms: u64, evidence: Evidence) -> Decision {
        let time_ms = time_ms.max(self.last_evidence_ms).max(self.shown.began_ms);
        if let Some(fused) = fuse(&evidence, &self.settings.fusion) {
            self.smoothed = Some(self.smoother.push(time_ms, fused));
            self.last_evidence_ms = time_ms;
        } else if time_ms - self.last_evidence_ms >= u64::from(self.settings.absence_ms) {
            self.smoothed = None;
            self.smoother.clear();
        }

        let is_anew = !evidence.is_empty() && core::mem::take(&mut self.is_stale);
        let verdict = self.verdict(time_ms, is_anew);
        let confidence = self.smoothed.map_or(0.0, |smoothed| match verdict {
            Verdict::Emotion(emotion) => smoothed.as_array()[emotion.index()],
            Verdict::Unsure | Verdict::Nobody => smoothed.best().1,
        });
        let events = self.show(time_ms, verdict, confidence);
        Decision {
            time_ms,
            verdict,
            confidence,
            fused: self.smoothed,
            face: evidence.face,
            speech: evidence.speech,
            face_quality: None,
            events,
        }
    }

    /// Ends what is on show, at the end of a run. Nobody there is no event, and ends without one.
    pub fn finish(&mut self, time_ms: u64) -> Option<EmotionEvent> {
        self.smoothed = None;
        self.smoother.clear();
        self.show(time_ms.max(self.shown.began_ms), Verdict::Nobody, 0.0).ended
    }

    /// The two thresholds and the hold; `is_anew` where what is on show was about somebody else.
    fn verdict(&self, time_ms: u64, is_anew: bool) -> Verdict {
        let Some(smoothed) = self.smoothed else {
            return Verdict::Nobody;
        };
        let (candidate, probability) = smoothed.best_emotion();
        let enters = probability >= self.settings.enter;
        let current = match self.shown.verdict {
            Verdict::Emotion(current) if !is_anew => current,
            _ => return if enters { Verdict::Emotion(candidate) } else { Verdict::Unsure },
        };
        let held = time_ms - self.shown.began_ms < u64::from(self.settings.hold_ms);
        if held || self.stays(current, candidate, &smoothed) {
            Verdict::Emotion(current)
        } else if enters {
            Verdict::Emotion(candidate)
        } else {
            Verdict::Unsure
        }
    }

    /// Whether the emotion on show keeps its place: still likely enough, and no other likely enough to take it.
    fn stays(&self, current: Emotion, candidate: Emotion, smoothed: &SpeechPosteriors) -> bool {
        let probability = |emotion: Emotion| smoothed.as_array()[emotion.index()];
        let overtaken = candidate != current && probability(candidate) >= self.settings.enter;
        probability(current) >= self.settings.stay && !overtaken
    }

    /// Puts the verdict on show and says what began and ended by that.
    fn show(&mut self, time_ms: u64, verdict: Verdict, confidence: f32) -> Events {
        if verdict == self.shown.verdict {
            self.shown.peak_confidence = self.shown.peak_confidence.max(confidence);
            return Events::default();
        }
        let before =
            core::mem::replace(&mut self.shown, Shown { verdict, began_ms: time_ms, peak_confidence: confidence });
        let ended = EmotionEvent {
            phase: EventPhase::End,
            verdict: before.verdict,
            began_ms: before.began_ms,
            duration_ms: time_ms - before.began_ms,
            peak_confidence: before.peak_confidence,
        };
        let began = EmotionEvent {
            phase: EventPhase::Begin,
            verdict,
            began_ms: time_ms,
            duration_ms: 0,
            peak_confidence: confidence,
        };
        Events {
            ended: (before.verdict != Verdict::Nobody).then_some(ended),
            began: (verdict != Verdict::Nobody).then_some(began),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FacePosteriors;

    const FRAME_MS: u64 = 33;

    fn seen(emotion: Emotion, share: f32) -> Evidence {
        let mut weights = [(1.0 - share) / 6.0; 7];
        weights[emotion.face_index().unwrap()] = share;
        Evidence { face: Some(FacePosteriors::from_weights(weights)), speech: None }
    }

    /// Steps through `frames` frames and returns the last decision.
    fn watch(decider: &mut Decider, from_ms: u64, frames: u64, evidence: Evidence) -> Decision {
        let mut last = Decision::nobody(from_ms);
        for frame in 0..frames {
            last = decider.step(from_ms + frame * FRAME_MS, evidence);
        }
        last
    }

    #[test]
    fn a_clear_face_is_shown_at_once() {
        let mut decider = Decider::new(DecisionSettings::default());
        let decision = decider.step(0, seen(Emotion::Happy, 0.8));
        assert_eq!(decision.verdict, Verdict::Emotion(Emotion::Happy));
        assert!((decision.confidence - 0.8).abs() < 1e-3);
        assert_eq!(decision.events.began.map(|event| event.verdict), Some(decision.verdict));
        assert_eq!(decision.events.ended, None, "that nobody was there is no event");
    }

    #[test]
    fn an_unclear_face_is_somebody_but_no_emotion() {
        let mut decider = Decider::new(DecisionSettings::default());
        assert_eq!(watch(&mut decider, 0, 30, seen(Emotion::Sad, 0.3)).verdict, Verdict::Unsure);
    }

    #[test]
    fn between_the_thresholds_what_is_shown_stays_shown() {
        let mut decider = Decider::new(DecisionSettings::default());
        watch(&mut decider, 0, 30, seen(Emotion::Sad, 0.9));
        assert_eq!(watch(&mut decider, 1_000, 60, seen(Emotion::Sad, 0.4)).verdict, Verdict::Emotion(Emotion::Sad));
        assert_eq!(watch(&mut decider, 3_000, 60, seen(Emotion::Sad, 0.25)).verdict, Verdict::Unsure);
    }

    #[test]
    fn one_odd_frame_is_not_shown() {
        let mut decider = Decider::new(DecisionSettings::default());
        watch(&mut decider, 0, 30, seen(Emotion::Happy, 0.9));
        let odd = decider.step(1_000, seen(Emotion::Angry, 0.99));
        assert_eq!(odd.verdict, Verdict::Emotion(Emotion::Happy));
    }

    #[test]
    fn an_emotion_just_begun_is_held() {
        let settings = DecisionSettings { smoothing_ms: 0, ..DecisionSettings::default() };
        let mut decider = Decider::new(settings);
        decider.step(0, seen(Emotion::Happy, 0.9));
        assert_eq!(decider.step(200, seen(Emotion::Angry, 0.9)).verdict, Verdict::Emotion(Emotion::Happy));
        assert_eq!(decider.step(400, seen(Emotion::Angry, 0.9)).verdict, Verdict::Emotion(Emotion::Angry));
    }

    #[test]
    fn who_leaves_is_remembered_for_a_moment_and_then_nobody_is_there() {
        let mut decider = Decider::new(DecisionSettings::default());
        watch(&mut decider, 0, 31, seen(Emotion::Happy, 0.9)); // until 990 ms
        assert_eq!(decider.step(1_900, Evidence::default()).verdict, Verdict::Emotion(Emotion::Happy));
        let gone = decider.step(1_990, Evidence::default());
        assert_eq!((gone.verdict, gone.confidence, gone.fused), (Verdict::Nobody, 0.0, None));
        let ended = gone.events.ended.unwrap();
        assert_eq!((ended.began_ms, ended.duration_ms, ended.phase), (0, 1_990, EventPhase::End));
        assert_eq!(gone.events.began, None);
    }

    #[test]
    fn somebody_else_is_judged_by_what_is_seen_of_them() {
        let mut decider = Decider::new(DecisionSettings::default());
        watch(&mut decider, 0, 30, seen(Emotion::Happy, 0.99));
        decider.forget();
        let other = decider.step(1_000, seen(Emotion::Sad, 0.6));
        assert_eq!(other.verdict, Verdict::Emotion(Emotion::Sad));
        assert!((other.confidence - 0.6).abs() < 1e-3, "nothing of the first one is left: {}", other.confidence);
        decider.forget();
        assert_eq!(decider.step(1_033, seen(Emotion::Sad, 0.4)).verdict, Verdict::Unsure, "not held, not stayed in");
    }

    #[test]
    fn every_beginning_has_its_end() {
        let mut decider = Decider::new(DecisionSettings { hold_ms: 0, ..DecisionSettings::default() });
        let mut open = None;
        for step in 0..2_000u64 {
            let emotion = Emotion::FACE[(step / 50 % 7) as usize];
            let evidence = if step % 300 > 250 { Evidence::default() } else { seen(emotion, 0.8) };
            for event in decider.step(step * FRAME_MS, evidence).events.iter() {
                match event.phase {
                    EventPhase::Begin => assert_eq!(open.replace(event.verdict), None),
                    EventPhase::End => assert_eq!(open.take(), Some(event.verdict)),
                }
            }
        }
        assert_eq!(decider.finish(80_000).map(|event| event.verdict), open);
        assert_eq!(decider.finish(80_000), None);
    }

    #[test]
    fn a_clock_that_runs_backwards_does_no_harm() {
        let mut decider = Decider::new(DecisionSettings::default());
        decider.step(5_000, seen(Emotion::Happy, 0.9));
        let decision = decider.step(0, seen(Emotion::Happy, 0.9));
        assert_eq!((decision.time_ms, decision.verdict), (5_000, Verdict::Emotion(Emotion::Happy)));
    }
}
