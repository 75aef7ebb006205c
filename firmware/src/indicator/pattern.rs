//! From a scene to brightnesses: which LED is lit, how brightly, and how it moves. A pure function of the scene with its time.
//!
//! | verdict | eight LEDs | one RGB LED |
//! | --- | --- | --- |
//! | an emotion | its LED, steady | its [colour](emotion_colour), steady |
//! | `unsure` | the likeliest emotion's LED blinks once a second | white, breathing |
//! | `nobody` | a flash of neutral every four seconds: the box is alive | the same, faint |
//!
//! A host can mute all of these, and dim them.

use super::Scene;
use super::levels::{FULL, Levels};
use super::pins::STATUS;
use super::status_light;
use crate::config::LedLayout;
use moodbox_shared::Emotion;
use moodbox_shared::decision::{Decision, Verdict};

/// Red, green and blue, each from 0 to 255.
pub type Colour = [u8; 3];

/// From one blink of `unsure` to the next, in milliseconds; lit for the first half.
const UNSURE_BLINK_MS: u64 = 1_000;

/// One breath of `unsure`, in milliseconds.
const BREATH_MS: u64 = 4_000;

/// From one flash of `nobody` to the next, in milliseconds.
const ALIVE_EVERY_MS: u64 = 4_000;

/// Length of a flash of `nobody`, in milliseconds; longer than the 50 ms between two scenes, so that none is missed.
const ALIVE_FLASH_MS: u64 = 60;

/// A flash of the RGB LED for `nobody`: white, at a tenth of its brightness.
const ALIVE_COLOUR: Colour = [26; 3];

/// The status LED is never dimmed below this: it must still tell of a fault, and of a box that watches.
const STATUS_FLOOR_PERCENT: u8 = 5;

/// What an emotion looks like on an RGB LED: the colours that the terminal has for them.
///
/// | neutral | calm | happy | sad | angry | fearful | disgust | surprised |
/// | --- | --- | --- | --- | --- | --- | --- | --- |
/// | white | cyan | yellow | blue | red | magenta | green | orange |
///
/// All but orange are made of colours that are fully on or off, and so need no dimming.
pub const fn emotion_colour(emotion: Emotion) -> Colour {
    match emotion {
        Emotion::Neutral => [FULL, FULL, FULL],
        Emotion::Calm => [0, FULL, FULL],
        Emotion::Happy => [FULL, FULL, 0],
        Emotion::Sad => [0, 0, FULL],
        Emotion::Angry => [FULL, 0, 0],
        Emotion::Fearful => [FULL, 0, FULL],
        Emotion::Disgust => [0, FULL, 0],
        Emotion::Surprised => [FULL, 80, 0],
    }
}

/// Brightness of every channel at this moment.
pub fn levels(layout: &LedLayout, scene: &Scene<'_>) -> Levels {
    let mut levels = Levels::DARK;
    if !scene.status.are_leds_muted {
        match layout {
            LedLayout::PerEmotion(_) => {
                if let Some(emotion) = lit_emotion(scene.time_ms, scene.decision) {
                    levels.0[emotion.index()] = dimmed(FULL, scene.status.brightness_percent);
                }
            }
            LedLayout::Rgb(_) => {
                let colour = colour(scene.time_ms, scene.decision.verdict);
                for (level, share) in levels.0.iter_mut().zip(colour) {
                    *level = dimmed(share, scene.status.brightness_percent);
                }
            }
        }
    }
    if status_light::is_lit(scene.time_ms, scene.status) {
        levels.0[STATUS] = dimmed(FULL, scene.status.brightness_percent.max(STATUS_FLOOR_PERCENT));
    }
    levels
}

/// Whose LED of eight is lit.
fn lit_emotion(time_ms: u64, decision: &Decision) -> Option<Emotion> {
    match decision.verdict {
        Verdict::Emotion(emotion) => Some(emotion),
        Verdict::Unsure => {
            let likeliest = decision.fused.map(|posteriors| posteriors.best_emotion().0);
            likeliest.filter(|_| time_ms % UNSURE_BLINK_MS < UNSURE_BLINK_MS / 2)
        }
        Verdict::Nobody => is_alive_flash(time_ms).then_some(Emotion::Neutral),
    }
}

/// Colour of the RGB LED.
const fn colour(time_ms: u64, verdict: Verdict) -> Colour {
    match verdict {
        Verdict::Emotion(emotion) => emotion_colour(emotion),
        Verdict::Unsure => [breath(time_ms); 3],
        Verdict::Nobody if is_alive_flash(time_ms) => ALIVE_COLOUR,
        Verdict::Nobody => [0; 3],
    }
}

const fn is_alive_flash(time_ms: u64) -> bool {
    time_ms % ALIVE_EVERY_MS < ALIVE_FLASH_MS
}

/// Up and down again, in squares: to the eye that is even.
const fn breath(time_ms: u64) -> u8 {
    let phase_ms = time_ms % BREATH_MS;
    let height_ms = if phase_ms < BREATH_MS / 2 { phase_ms } else { BREATH_MS - phase_ms };
    (FULL as u64 * height_ms * height_ms / (BREATH_MS / 2 * (BREATH_MS / 2))) as u8
}

/// So many percent of a level; what is not dark stays visible at any brightness but 0.
fn dimmed(level: u8, percent: u8) -> u8 {
    let scaled = (u32::from(level) * u32::from(percent.min(100))).div_ceil(100);
    // At most 100 percent of a byte.
    scaled as u8
}

#[cfg(test)]
mod tests {
    use super::super::pins::CHANNELS;
    use super::*;
    use moodbox_shared::SpeechPosteriors;
    use moodbox_shared::link::Status;

    const EIGHT: LedLayout = LedLayout::PerEmotion([17, 27, 22, 5, 6, 13, 19, 26]);
    const RGB: LedLayout = LedLayout::Rgb([17, 27, 22]);

    /// The LEDs but that of the status.
    fn leds(layout: LedLayout, time_ms: u64, decision: &Decision, status: &Status) -> [u8; STATUS] {
        let all = levels(&layout, &Scene { time_ms, decision, status }).0;
        *all.first_chunk().unwrap()
    }

    fn shown(emotion: Emotion) -> Decision {
        Decision { verdict: Verdict::Emotion(emotion), ..Decision::nobody(0) }
    }

    /// Unsure, but sooner sad than anything else.
    fn unsure() -> Decision {
        let mut weights = [1.0; Emotion::ALL.len()];
        weights[Emotion::Sad.index()] = 2.0;
        let fused = Some(SpeechPosteriors::from_weights(weights));
        Decision { verdict: Verdict::Unsure, fused, ..Decision::nobody(0) }
    }

    fn only(channel: usize, level: u8) -> [u8; STATUS] {
        let mut levels = [0; STATUS];
        levels[channel] = level;
        levels
    }

    /// The stretches of light of a pattern, as (from, to) in milliseconds.
    fn stretches(mut is_lit: impl FnMut(u64) -> bool, duration_ms: u64) -> Vec<(u64, u64)> {
        let mut stretches: Vec<(u64, u64)> = Vec::new();
        for time_ms in (0..duration_ms).filter(|time_ms| is_lit(*time_ms)) {
            match stretches.last_mut() {
                Some((_, to_ms)) if *to_ms == time_ms => *to_ms += 1,
                _ => stretches.push((time_ms, time_ms + 1)),
            }
        }
        stretches
    }

    #[test]
    fn an_emotion_lights_its_led_and_holds_it() {
        for emotion in Emotion::ALL {
            for time_ms in 0..5_000 {
                let leds = leds(EIGHT, time_ms, &shown(emotion), &Status::default());
                assert_eq!(leds, only(emotion.index(), FULL), "{emotion} at {time_ms} ms");
            }
        }
    }

    #[test]
    fn unsure_blinks_the_likeliest_led_once_a_second() {
        let is_lit = |time_ms| match leds(EIGHT, time_ms, &unsure(), &Status::default()) {
            leds if leds == only(Emotion::Sad.index(), FULL) => true,
            leds => {
                assert_eq!(leds, [0; STATUS]);
                false
            }
        };
        assert_eq!(stretches(is_lit, 3_000), [(0, 500), (1_000, 1_500), (2_000, 2_500)]);
    }

    #[test]
    fn an_empty_room_gets_a_flash_of_neutral_every_four_seconds() {
        let is_lit = |time_ms| {
            leds(EIGHT, time_ms, &Decision::nobody(0), &Status::default()) == only(Emotion::Neutral.index(), FULL)
        };
        assert_eq!(stretches(is_lit, 8_000), [(0, 60), (4_000, 4_060)]);
        let faint = |time_ms| leds(RGB, time_ms, &Decision::nobody(0), &Status::default())[..3] == ALIVE_COLOUR;
        assert_eq!(stretches(faint, 8_000), [(0, 60), (4_000, 4_060)]);
    }

    #[test]
    fn eight_emotions_have_eight_colours() {
        for (index, emotion) in Emotion::ALL.into_iter().enumerate() {
            let leds = leds(RGB, 1_234, &shown(emotion), &Status::default());
            assert_eq!(leds[..3], emotion_colour(emotion));
            assert!(Emotion::ALL[..index].iter().all(|other| emotion_colour(*other) != emotion_colour(emotion)));
        }
    }

    #[test]
    fn unsure_breathes_white() {
        let brightness = |time_ms| {
            let leds = leds(RGB, time_ms, &unsure(), &Status::default());
            assert!(leds[0] == leds[1] && leds[1] == leds[2]);
            leds[0]
        };
        assert_eq!([0, 1_000, 2_000, 3_000, 4_000].map(brightness), [0, 63, 255, 63, 0]);
        assert!((0..2_000).all(|time_ms| brightness(time_ms) <= brightness(time_ms + 1)), "it only grows");
        assert!((2_000..4_000).all(|time_ms| brightness(time_ms) >= brightness(time_ms + 1)), "it only fades");
    }

    #[test]
    fn a_muted_box_shows_no_emotion_but_still_its_status() {
        let status = Status { are_leds_muted: true, ..Status::default() };
        for layout in [EIGHT, RGB] {
            let decision = shown(Emotion::Happy);
            let all = levels(&layout, &Scene { time_ms: 0, decision: &decision, status: &status }).0;
            assert_eq!(all[..STATUS], [0; STATUS]);
            assert_eq!(all[STATUS], FULL);
        }
    }

    #[test]
    fn brightness_dims_every_led_in_proportion() {
        let status = |brightness_percent| Status { brightness_percent, ..Status::default() };
        let happy = |percent| leds(EIGHT, 0, &shown(Emotion::Happy), &status(percent))[Emotion::Happy.index()];
        assert_eq!([0, 1, 50, 100, 255].map(happy), [0, 3, 128, FULL, FULL]);
        assert_eq!(leds(RGB, 0, &shown(Emotion::Surprised), &status(50))[..3], [128, 40, 0]);
    }

    #[test]
    fn the_status_led_is_dimmed_but_never_put_out() {
        let status_level = |brightness_percent| {
            let status = Status { brightness_percent, ..Status::default() };
            levels(&EIGHT, &Scene { time_ms: 0, decision: &Decision::nobody(0), status: &status }).0[CHANNELS - 1]
        };
        assert_eq!([0, 5, 50, 100].map(status_level), [13, 13, 128, FULL]);
    }
}
