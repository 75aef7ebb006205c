//! How often the speech gate errs: per hop, on voices and noises that it was not tuned on, beside a plain energy gate.

use crate::cpu_time::taking_ms;
use crate::report::Report;
use moodbox_shared::audio::{GateSettings, SpeechGate};
use moodbox_tests::hearing::{Errors, Talk, Truth, alone};
use moodbox_tests::noise::Noise;
use rayon::prelude::*;
use std::path::Path;

/// Speakers that settings are chosen on, and that the report is about.
const TUNING_ACTORS: [u8; 5] = [2, 5, 14, 15, 16];
const ACTORS: [u8; 14] = [1, 3, 4, 6, 7, 9, 10, 11, 12, 13, 18, 19, 20, 22];

/// Noises that settings are chosen on, and that the report is about.
const TUNING_NOISES: [Noise; 4] = [Noise::White, Noise::Fan, Noise::Chords, Noise::Knocks];
const NOISES: [Noise; 6] = [Noise::Pink, Noise::Brown, Noise::Hum, Noise::Room, Noise::Melody, Noise::Clatter];

const SNR_DB: [f32; 4] = [20.0, 10.0, 5.0, 0.0];
const GAINS_DB: [f32; 3] = [-20.0, 0.0, 20.0];

/// Length and levels of the noises alone.
const ALONE_SECONDS: usize = 30;
const ALONE_DBFS: [f32; 4] = [-60.0, -40.0, -20.0, -10.0];

/// Seeds of the noises: others where settings are chosen.
const TUNING_SEED: u64 = 1;
const SEED: u64 = 2;

/// Every sixth of a speaker's 60 clips.
const EVERY: usize = 6;

/// Choices that are tried; pauses within an utterance, for the choice of the hang-over, in hops.
const THRESHOLDS: [f32; 11] = [0.3, 0.35, 0.4, 0.45, 0.5, 0.525, 0.55, 0.575, 0.6, 0.65, 0.7];
const ENERGY_RISES_DB: [f32; 12] = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0];
const ONSETS: [u16; 4] = [1, 2, 3, 4];
const HANG_OVERS: [u16; 7] = [3, 6, 8, 10, 15, 20, 25];
const UTTERANCE_PAUSE_HOPS: usize = 25;

/// A hop as the gate measured it.
struct Hop {
    voice: f32,
    level_dbfs: f32,
    rise_db: f32,
}

/// A microphone's view of a talk.
struct Scene {
    noise: Option<(Noise, f32)>,
    gain_db: f32,
    hops: Vec<Hop>,
    truth: Vec<Truth>,
}

/// The raw decisions of the gate on a scene.
fn raw(scene: &Scene, settings: GateSettings) -> impl Iterator<Item = bool> {
    scene.hops.iter().map(move |hop| hop.voice >= settings.voice_threshold && hop.level_dbfs >= settings.floor_dbfs)
}

/// Decisions with onset and hang-over, as the gate makes them of raw ones.
fn steady(raw: impl Iterator<Item = bool>, onset: u16, hang_over: u16) -> impl Iterator<Item = bool> {
    let (mut run, mut open_for) = (0u16, 0u16);
    raw.map(move |speech| {
        run = if speech { run.saturating_add(1) } else { 0 };
        if speech && (open_for > 0 || run >= onset) {
            open_for = hang_over + 1;
        } else if !speech {
            open_for = open_for.saturating_sub(1);
        }
        open_for > 0
    })
}

/// Speech with the pauses between its words.
fn utterances(truth: &[Truth]) -> Vec<Truth> {
    let mut utterances = truth.to_vec();
    let mut last = None;
    for (hop, _) in truth.iter().enumerate().filter(|(_, truth)| **truth == Truth::Speech) {
        if let Some(last) = last.filter(|last| hop - last <= UTTERANCE_PAUSE_HOPS) {
            utterances[last..hop].fill(Truth::Speech);
        }
        last = Some(hop);
    }
    utterances
}

fn scenes(data: &Path, actors: &[u8], noises: &[Noise], seed: u64) -> anyhow::Result<Vec<Scene>> {
    let talks: Vec<Talk> = actors
        .par_iter()
        .map(|actor| Talk::read(&data.join(format!("ravdess/Actor_{actor:02}")), EVERY))
        .collect::<Result<_, _>>()?;
    let noisy = noises.iter().flat_map(|&noise| SNR_DB.map(|snr_db| Some((noise, snr_db))));
    let kinds: Vec<_> = [None].into_iter().chain(noisy).flat_map(|noise| GAINS_DB.map(|gain| (noise, gain))).collect();
    let views: Vec<_> = kinds.iter().flat_map(|&kind| talks.iter().enumerate().map(move |talk| (kind, talk))).collect();
    Ok(views
        .into_par_iter()
        .map(|((noise, gain_db), (number, talk))| {
            let samples = talk.heard(noise, gain_db, seed + 100 * number as u64);
            Scene { noise, gain_db, hops: listen(&samples), truth: talk.truth.clone() }
        })
        .collect())
}

fn listen(samples: &[i16]) -> Vec<Hop> {
    let mut hops = Vec::new();
    let mut gate = Box::new(SpeechGate::default());
    gate.push(samples, |_, reading| {
        let (voice, level_dbfs) = (reading.voice, reading.level_dbfs);
        hops.push(Hop { voice, level_dbfs, rise_db: level_dbfs - reading.noise_dbfs });
    });
    hops
}

/// Errors over scenes, by what `decide` makes of each, against its speech or its utterances.
fn errors<'a>(
    scenes: impl IntoParallelIterator<Item = &'a Scene>,
    truth: impl Fn(&Scene) -> Vec<Truth> + Sync,
    decide: impl Fn(&Scene) -> Vec<bool> + Sync,
) -> Errors {
    scenes
        .into_par_iter()
        .map(|scene| Errors::of(decide(scene).into_iter().zip(truth(scene))))
        .reduce(Errors::default, Errors::and)
}

fn speech(scene: &Scene) -> Vec<Truth> {
    scene.truth.clone()
}

/// The plain energy gate: everything that lies this far above the room's noise.
fn by_energy(scene: &Scene, rise_db: f32) -> Vec<bool> {
    scene.hops.iter().map(|hop| hop.rise_db >= rise_db).collect()
}

fn by_gate(scene: &Scene, settings: GateSettings) -> Vec<bool> {
    steady(raw(scene, settings), settings.onset_hops, settings.hang_over_hops).collect()
}

/// Half of misses and false alarms, what settings are chosen by.
fn cost(errors: Errors) -> f64 {
    (errors.miss_rate() + errors.false_alarm_rate()) / 2.0
}

fn best<T: Copy>(choices: impl IntoIterator<Item = T>, cost: impl Fn(T) -> f64) -> T {
    let costs = choices.into_iter().map(|choice| (cost(choice), choice));
    costs.min_by(|a, b| a.0.total_cmp(&b.0)).expect("there are choices").1
}

/// What errs least on the scenes for tuning, and how much it and the gate's own settings err.
struct Choice {
    settings: GateSettings,
    energy_rise_db: f32,
    cost: f64,
    own_cost: f64,
}

fn choose(scenes: &[Scene]) -> Choice {
    let with = |voice_threshold| GateSettings { voice_threshold, ..GateSettings::default() };
    let threshold =
        best(THRESHOLDS, |threshold| cost(errors(scenes, speech, |scene| raw(scene, with(threshold)).collect())));
    let times = ONSETS.iter().flat_map(|&onset| HANG_OVERS.map(|hang_over| (onset, hang_over)));
    let gate = |(onset_hops, hang_over_hops)| GateSettings { onset_hops, hang_over_hops, ..with(threshold) };
    let gate_cost = |settings| cost(errors(scenes, |scene| utterances(&scene.truth), |scene| by_gate(scene, settings)));
    let settings = gate(best(times, |time| gate_cost(gate(time))));
    Choice {
        settings,
        energy_rise_db: best(ENERGY_RISES_DB, |rise| cost(errors(scenes, speech, |scene| by_energy(scene, rise)))),
        cost: gate_cost(settings),
        own_cost: gate_cost(GateSettings::default()),
    }
}

/// Misses and false alarms of detector, energy gate and gate, in percent.
fn cells(scenes: &[&Scene], energy_rise_db: f32) -> [String; 6] {
    let settings = GateSettings::default();
    let list = || scenes.par_iter().copied();
    let found = [
        errors(list(), speech, |scene| raw(scene, settings).collect()),
        errors(list(), speech, |scene| by_energy(scene, energy_rise_db)),
        errors(list(), |scene| utterances(&scene.truth), |scene| by_gate(scene, settings)),
    ];
    let rates = found.map(|errors| [errors.miss_rate(), errors.false_alarm_rate()]);
    let flat: Vec<String> = rates.as_flattened().iter().map(|rate| format!("{:.1}", 100.0 * rate)).collect();
    flat.try_into().expect("three times two")
}

/// Writes `gate.md`.
pub fn measure(data: &Path, out: &Path) -> anyhow::Result<()> {
    let mut report = Report::new("gate", "The speech gate");
    let choice = choose(&scenes(data, &TUNING_ACTORS, &TUNING_NOISES, TUNING_SEED)?);
    let energy_rise_db = choice.energy_rise_db;
    introduce(&mut report, &choice);
    let scenes = scenes(data, &ACTORS, &NOISES, SEED)?;
    let head =
        ["heard", "miss", "false alarm", "energy: miss", "energy: false alarm", "gate: miss", "gate: false alarm"];
    let row = |name: String, matches: &dyn Fn(&Scene) -> bool| {
        let [a, b, c, d, e, f] =
            cells(&scenes.iter().filter(|scene| matches(scene)).collect::<Vec<_>>(), energy_rise_db);
        [name, a, b, c, d, e, f]
    };
    let mut rows = vec![row("clean".into(), &|scene| scene.noise.is_none())];
    for snr_db in SNR_DB {
        for noise in NOISES {
            let name = format!("{snr_db:.0} dB above {}", noise.name());
            rows.push(row(name, &|scene| scene.noise == Some((noise, snr_db))));
        }
        rows.push(row(format!("**{snr_db:.0} dB above noise**"), &|scene| {
            scene.noise.is_some_and(|(_, other)| other == snr_db)
        }));
    }
    for gain_db in GAINS_DB {
        rows.push(row(format!("**gain {gain_db:+.0} dB, everything**"), &|scene| scene.gain_db == gain_db));
    }
    report.paragraph("## Speech in noise\n\nIn percent of the hops.");
    report.table(head, rows);
    report.paragraph(format!(
        "## Noise alone\n\nShare of the hops that count as speech, in percent, over {ALONE_SECONDS} s from the start on: the detector / the \
         energy gate / the gate. White noise, fan, chords and knocks belong to the noises that the settings were chosen on."
    ));
    report.table(["sound", "−60 dBFS", "−40 dBFS", "−20 dBFS", "−10 dBFS"], alone_rows(energy_rise_db));
    report.paragraph(cost_of_a_hop());
    report.finish(out)
}

fn introduce(report: &mut Report, choice: &Choice) {
    let Choice { settings: chosen, energy_rise_db, cost, own_cost } = choice;
    let own = GateSettings::default();
    let list = |noises: &[Noise]| noises.iter().map(|noise| noise.name()).collect::<Vec<_>>().join(", ");
    report.paragraph(format!(
        "Each hop (16 ms) of RAVDESS clips, every sixth of a speaker's, is *speech* where the clean clip is within 30 dB of its loud hops \
         (their 95th percentile), with gaps up to 6 hops, and in runs of at least 3 hops; hops 30 to 40 dB below (breath, fading) are not \
         counted; all others are pauses. Clips are brought to the same level of speech, −36 dBFS, mixed with noise so far below, then \
         amplified by −20, 0 and 20 dB and rounded to 16 bits. *Miss*: speech that is not heard; *false alarm*: pauses that are. The first two columns \
         are the detector's decisions, hop by hop; then those of a plain energy gate, all hops that lie {energy_rise_db} dB above the quietest of \
         the last two seconds; then the gate's, with onset and hang-over, whose speech includes pauses of up to 0.4 s between words.\n\n\
         Settings were chosen by least misses and false alarms together on actors {TUNING_ACTORS:?} and on {}, at the same ratios and gains; \
         reported are actors {ACTORS:?} and {}. Noises are made by rule (`tests/src/noise.rs`).\n\n\
         The threshold of least errors was {}, the gate's is {}. Onset and hang-over of least errors were {} and {} hops, at {:.1} % errors of both \
         kinds on the tuning scenes; the gate's are {} and {}, at {:.1} %: a click must not open it, nor a pause between two words close it, since \
         the network runs whenever it closes.",
        list(&TUNING_NOISES),
        list(&NOISES),
        chosen.voice_threshold,
        own.voice_threshold,
        chosen.onset_hops,
        chosen.hang_over_hops,
        100.0 * cost,
        own.onset_hops,
        own.hang_over_hops,
        100.0 * own_cost,
    ));
}

fn alone_rows(energy_rise_db: f32) -> Vec<[String; 5]> {
    let row = |noise: Noise| {
        let cells = ALONE_DBFS.map(|dbfs| {
            let hops = listen(&alone(noise, ALONE_SECONDS, dbfs, SEED));
            let truth = vec![Truth::Pause; hops.len()];
            let scene = Scene { noise: None, gain_db: 0.0, hops, truth };
            let settings = GateSettings::default();
            let share =
                |heard: Vec<bool>| 100.0 * heard.iter().filter(|heard| **heard).count() as f64 / heard.len() as f64;
            let detector = share(raw(&scene, settings).collect());
            let (energy, gate) = (share(by_energy(&scene, energy_rise_db)), share(by_gate(&scene, settings)));
            format!("{detector:.1} / {energy:.1} / {gate:.1}")
        });
        let [a, b, c, d] = cells;
        [noise.name().into(), a, b, c, d]
    };
    let mut rows: Vec<_> = NOISES.into_iter().chain(TUNING_NOISES).map(row).collect();
    let mut opened = 0;
    SpeechGate::default().push(&vec![0; ALONE_SECONDS * 16_000], |_, reading| opened += u32::from(reading.open));
    rows.push(["digital silence".into(), opened.to_string(), "".into(), "".into(), "".into()]);
    rows
}

fn cost_of_a_hop() -> String {
    let samples = alone(Noise::Melody, ALONE_SECONDS, -30.0, SEED);
    let (hops, taken_ms) = taking_ms(|| listen(&samples));
    let hop_us = taken_ms * 1e3 / hops.len() as f64;
    format!("A hop takes {hop_us:.1} µs of one core of the machine that ran this.")
}
