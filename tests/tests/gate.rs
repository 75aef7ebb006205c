//! The speech gate on voices and noises that its settings were not chosen on: the bounds that `tests/reports/gate.md` leaves room to.

use moodbox_shared::audio::{GateReading, SpeechGate};
use moodbox_tests::hearing::{Errors, Talk, Truth, alone};
use moodbox_tests::noise::Noise;

fn readings(samples: &[i16]) -> Vec<GateReading> {
    let mut readings = Vec::new();
    let mut gate = Box::new(SpeechGate::default());
    gate.push(samples, |_, reading| readings.push(reading));
    readings
}

fn talk(actor: &str) -> Talk {
    Talk::read(&moodbox_tests::data_dir().join("ravdess").join(actor), 10).unwrap()
}

/// Errors of the detector, and of a gate that opens 4 dB above the room's noise.
fn errors(talk: &Talk, samples: &[i16]) -> (Errors, Errors) {
    let readings = readings(samples);
    let truth = || talk.truth.iter().copied();
    let by_energy = readings.iter().map(|reading| reading.level_dbfs >= reading.noise_dbfs + 4.0);
    (Errors::of(readings.iter().map(|reading| reading.speech).zip(truth())), Errors::of(by_energy.zip(truth())))
}

#[test]
#[cfg_attr(not(moodbox_data), ignore = "needs ../shared/data")]
fn speech_is_heard_and_pauses_are_not() {
    for actor in ["Actor_01", "Actor_22"] {
        let talk = talk(actor);
        let cases = [
            (None, 0.15, 0.05),
            (Some((Noise::Pink, 10.0)), 0.20, 0.05),
            (Some((Noise::Room, 5.0)), 0.25, 0.05),
            (Some((Noise::Clatter, 5.0)), 0.25, 0.10),
        ];
        for (noise, most_missed, most_false) in cases {
            let (gate, energy) = errors(&talk, &talk.heard(noise, 0.0, 5));
            println!("{actor}, {noise:?}: {:.3} missed, {:.3} false", gate.miss_rate(), gate.false_alarm_rate());
            assert!(gate.miss_rate() < most_missed, "{actor}, {noise:?}: {} missed", gate.miss_rate());
            assert!(gate.false_alarm_rate() < most_false, "{actor}, {noise:?}: {} false", gate.false_alarm_rate());
            let cost = |errors: Errors| errors.miss_rate() + errors.false_alarm_rate();
            assert!(cost(gate) < cost(energy), "{actor}, {noise:?}: no better than energy");
        }
    }
}

#[test]
#[cfg_attr(not(moodbox_data), ignore = "needs ../shared/data")]
fn the_gain_of_the_microphone_makes_no_difference() {
    let talk = talk("Actor_09");
    let decisions = |gain_db| {
        let samples = talk.heard(Some((Noise::Brown, 10.0)), gain_db, 7);
        readings(&samples).into_iter().map(|reading| reading.speech).collect::<Vec<_>>()
    };
    let usual = decisions(0.0);
    assert!(talk.truth.contains(&Truth::Speech) && usual.contains(&true));
    for gain_db in [-20.0, 20.0] {
        let differing = decisions(gain_db).iter().zip(&usual).filter(|(other, usual)| other != usual).count();
        println!("{gain_db:+} dB: {differing} of {} hops are judged otherwise", usual.len());
        assert!(differing * 50 <= usual.len(), "{gain_db:+} dB: {differing} of {}", usual.len());
    }
}

#[test]
fn noise_does_not_open_it_however_loud() {
    for noise in [Noise::White, Noise::Pink, Noise::Brown, Noise::Hum, Noise::Room, Noise::Clatter] {
        for dbfs in [-70.0, -50.0, -30.0, -10.0] {
            let readings = readings(&alone(noise, 10, dbfs, 3));
            let open = readings.iter().filter(|reading| reading.open).count();
            assert!(open * 20 <= readings.len(), "{} at {dbfs} dBFS: {open} of {}", noise.name(), readings.len());
        }
    }
    assert!(readings(&[0; 160_000]).iter().all(|reading| !reading.speech && !reading.open));
}
