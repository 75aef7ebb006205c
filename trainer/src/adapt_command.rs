//! `moodbox-trainer adapt-report`: what a few clips of a speaker do for a network that has never heard them.
//!
//! Of each speaker some clips an emotion are drawn; the network is fine-tuned on them as `train --init` does it, and scored on the speaker's other
//! clips, beside the network that it started from on the same clips. Draws of more clips contain those of fewer.

use crate::dataset::split::Split;
use crate::dataset::{self, Clip, DatasetError};
use crate::evaluate::FloatNetwork;
use crate::network::preset::NoNetwork;
use crate::report::{self, ReportError, mean_and_deviation, print_line};
use crate::train::base::{Base, BaseError};
use crate::train::device::{self, DeviceError};
use crate::train::feature_cache::CacheArgs;
use crate::train::run_folder::{RunDescription, RunFolder, RunFolderError};
use crate::train::speech_examples::SpeechExamples;
use crate::train::tuning;
use crate::train::{Recipe, RecipeError, TrainError, resume_silently};
use crate::train_command;
use burn::tensor::Device;
use moodbox_shared::Emotion;
use moodbox_shared::model::Task;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use thiserror::Error;

/// Scores what fine-tuning on a few clips of a speaker brings.
#[derive(Clone, Debug, clap::Args)]
pub struct AdaptReportArgs {
    /// The run, or the model, to start from: a network for voices
    #[arg(long, value_name = "RUN|FILE.moodnet")]
    pub init: PathBuf,
    /// RAVDESS, or clips whose file names tell their speakers
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Speakers that the network has never heard [default: those that the run left out]
    #[arg(long, value_name = "N,N,…", value_delimiter = ',')]
    pub actors: Vec<u16>,
    /// Clips an emotion to learn from; at least one of each is left to score
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', default_values_t = [1, 3, 5])]
    pub clips: Vec<usize>,
    /// How often clips are drawn for each speaker
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub draws: u64,
    /// Another value for a part of the recipe for fine-tuning, as with `train --init`: `--set learning_rate=1e-4`
    #[arg(long, value_name = "PART=VALUE")]
    pub set: Vec<String>,
    /// Where to compute: see the features of this build
    #[arg(long, value_name = "NAME", default_value = device::AVAILABLE.first().copied().unwrap_or("none"))]
    pub device: String,
    /// Where features are kept
    #[command(flatten)]
    pub cache: CacheArgs,
    /// Write the tables as Markdown, too
    #[arg(long, value_name = "FILE.md")]
    pub out: Option<PathBuf>,
}

/// Why there is no table.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AdaptReportError {
    /// Nothing to start from.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// The data can't be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// No such device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The preset does not listen.
    #[error(transparent)]
    Preset(#[from] NoNetwork),
    /// A run's folder fails.
    #[error(transparent)]
    Folder(#[from] RunFolderError),
    /// There is no such recipe.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// Fine-tuning failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// There is no room for it.
    #[error("no folder for the fine-tuned networks: {0}")]
    Room(std::io::Error),
    /// The table was not written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A network that looks.
    #[error("{} is a network for faces: speakers are told apart in clips alone", path.display())]
    NotForVoices {
        /// The run or the model.
        path: PathBuf,
    },
    /// Nobody to adapt to.
    #[error("{} does not tell which speakers it has left out: name them with --actors", path.display())]
    NoActors {
        /// The run or the model.
        path: PathBuf,
    },
    /// Too few clips of somebody.
    #[error("actor {actor} has {found} clip(s) of some emotion: with one to score, at least two are needed")]
    TooFew {
        /// Whose.
        actor: u16,
        /// Fewest of one emotion.
        found: usize,
    },
    /// The network knows an actor's voice already.
    #[error("{} has learned from actor {actor}: name actors that it left out", path.display())]
    Heard {
        /// The run.
        path: PathBuf,
        /// Whom it has heard.
        actor: u16,
    },
    /// Interrupted.
    #[error("interrupted: there is no table")]
    Interrupted,
}

/// How one fine-tuned network did.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Trial {
    actor: u16,
    clips_an_emotion: usize,
    draw: u64,
    learned: usize,
    scored: usize,
    /// Of the clips scored, right by the network that was started from.
    base: usize,
    /// Right by the fine-tuned one.
    tuned: usize,
}

/// Runs the command.
pub fn run(args: &AdaptReportArgs) -> Result<(), AdaptReportError> {
    let device = device::by_name(&args.device)?;
    let recipe = args.set.iter().try_fold(tuning::recipe(0), |recipe, setting| recipe.with(setting))?;
    let base = Base::open(&args.init, &args.cache.open())?;
    if base.task() != Task::Speech {
        return Err(AdaptReportError::NotForVoices { path: args.init.clone() });
    }
    let actors = if args.actors.is_empty() { base.test_speakers() } else { &args.actors };
    if actors.is_empty() {
        return Err(AdaptReportError::NoActors { path: args.init.clone() });
    }
    if let Some(&actor) = actors.iter().find(|actor| base.has_heard(**actor)) {
        return Err(AdaptReportError::Heard { path: args.init.clone(), actor });
    }
    let interrupted = train_command::on_interruption();
    let all = dataset::read_clips(&args.data)?.clips;
    let before = FloatNetwork::new(&base.network(&device)?, base.classes(), base.input().clone(), device.clone());
    let mut trials = Vec::new();
    for &actor in actors {
        let of_actor = |clip: &&Clip| clip.speaker == Some(actor) && base.classes().contains(&clip.emotion);
        let clips: Vec<Clip> = all.iter().filter(of_actor).cloned().collect();
        let right_before = right(&before, &clips);
        for draw in 1..=args.draws {
            for &count in &args.clips {
                let own = drawn(&clips, count, u64::from(actor) << 32 | draw)
                    .map_err(|found| AdaptReportError::TooFew { actor, found })?;
                let (learned, scored): (Vec<usize>, Vec<usize>) = (0..clips.len()).partition(|index| own[*index]);
                let of =
                    |indices: &[usize]| -> Vec<Clip> { indices.iter().map(|&index| clips[index].clone()).collect() };
                let recipe = Recipe { seed: draw, ..recipe.clone() };
                let right_after = tuned(&base, args, recipe, [&of(&learned), &of(&scored)], &device, &interrupted)?;
                let trial = Trial {
                    actor,
                    clips_an_emotion: count,
                    draw,
                    learned: learned.len(),
                    scored: scored.len(),
                    base: scored.iter().filter(|&&index| right_before[index]).count(),
                    tuned: right_after.into_iter().filter(|right| *right).count(),
                };
                print_line(format_args!(
                    "actor {actor}, draw {draw}, {count} an emotion: {} of {} right, before {}",
                    trial.tuned, trial.scored, trial.base,
                ));
                trials.push(trial);
            }
        }
    }
    let table = table(args, &trials);
    if let Some(out) = &args.out {
        report::write_markdown(out, &table)?;
    }
    print_line(table.trim_end());
    Ok(())
}

/// Which clips are learned from: of each emotion as many as wanted, one less than there are at most. The number of clips of the rarest emotion
/// where that leaves nothing to learn from or to score.
fn drawn(clips: &[Clip], count: usize, seed: u64) -> Result<Vec<bool>, usize> {
    let mut own = vec![false; clips.len()];
    let mut rng = StdRng::seed_from_u64(seed);
    for emotion in Emotion::ALL {
        let mut of_emotion: Vec<usize> = (0..clips.len()).filter(|&index| clips[index].emotion == emotion).collect();
        if of_emotion.len() == 1 {
            return Err(1);
        }
        of_emotion.shuffle(&mut rng);
        let most = of_emotion.len().saturating_sub(1);
        of_emotion.into_iter().take(count.min(most)).for_each(|index| own[index] = true);
    }
    if own.contains(&true) { Ok(own) } else { Err(0) }
}

/// Which clips a network is right about; those too short count as wrong.
fn right(network: &FloatNetwork, clips: &[Clip]) -> Vec<bool> {
    let posteriors = network.clips(clips);
    let named = posteriors.into_iter().map(|posteriors| posteriors.map(|posteriors| posteriors.clip.best_emotion().0));
    named.zip(clips).map(|(named, clip)| named == Some(clip.emotion)).collect()
}

/// Fine-tunes on some clips; which of others the network is then right about.
fn tuned(
    base: &Base,
    args: &AdaptReportArgs,
    recipe: Recipe,
    [learned, scored]: [&[Clip]; 2],
    device: &Device,
    interrupted: &AtomicBool,
) -> Result<Vec<bool>, AdaptReportError> {
    let everything = Split { train: (0..learned.len()).collect(), selection: Vec::new() };
    let kind = base.preset().speech_input_kind()?;
    let Recipe { augment, seed, .. } = recipe;
    let examples =
        SpeechExamples::new(kind, learned, &everything, augment, seed, Some(&base.known()), &args.cache.open());
    let network = base.network(device)?;
    let place = tempfile::tempdir().map_err(AdaptReportError::Room)?;
    let description =
        RunDescription { data: args.data.clone(), ..base.description(network.architecture().clone(), recipe) };
    let folder = RunFolder::create_from(place.path(), &description, &network)?;
    if resume_silently(&folder, &description, &examples, device, interrupted)?.interrupted {
        return Err(AdaptReportError::Interrupted);
    }
    // Weights are read when they are first needed: the folder has to stay until then.
    let network = folder.best_network(device)?;
    Ok(right(&FloatNetwork::new(&network, base.classes(), base.input().clone(), device.clone()), scored))
}

fn table(args: &AdaptReportArgs, trials: &[Trial]) -> String {
    let mut actors: Vec<u16> = trials.iter().map(|trial| trial.actor).collect();
    actors.dedup();
    let mut text = format!(
        "# Fine-tuning on a few clips of a speaker\n\n\
         Accuracy on the other clips of speakers {actors:?}, whom the network had not heard before; {} draws of the clips to learn from, mean and\n\
         standard deviation over the draws. Float networks; a clip is judged by the mean log-posterior of its windows.\n\n\
         | clips an emotion | clips a speaker learned from, scored | before | after | gain |\n\
         | --- | --- | --- | --- | --- |\n",
        args.draws,
    );
    for &count in &args.clips {
        let of_draw = |draw: u64| trials.iter().filter(move |t| t.clips_an_emotion == count && t.draw == draw);
        let shares = |right: fn(&Trial) -> f64| -> Vec<f64> {
            (1..=args.draws)
                .map(|draw| {
                    let scored: usize = of_draw(draw).map(|trial| trial.scored).sum();
                    of_draw(draw).map(right).sum::<f64>() / scored as f64
                })
                .collect()
        };
        let before = percent(&shares(|trial| trial.base as f64));
        let after = percent(&shares(|trial| trial.tuned as f64));
        let gain = percent(&shares(|trial| trial.tuned as f64 - trial.base as f64));
        let sizes = of_draw(1).next().map_or((0, 0), |trial| (trial.learned, trial.scored));
        let _ = writeln!(text, "| {count} | {}, {} | {before} % | {after} % | {gain} points |", sizes.0, sizes.1);
    }
    let heads: Vec<String> = args.clips.iter().map(|count| format!("gain with {count}")).collect();
    let _ = writeln!(text, "\n| speaker | {} |\n| --- |{}", heads.join(" | "), " --- |".repeat(heads.len()));
    for actor in actors {
        let gains = args.clips.iter().map(|&count| {
            let of = trials.iter().filter(|trial| trial.actor == actor && trial.clips_an_emotion == count);
            let gains: Vec<f64> =
                of.map(|trial| (trial.tuned as f64 - trial.base as f64) / trial.scored as f64).collect();
            format!("{} points", percent(&gains))
        });
        let _ = writeln!(text, "| {actor} | {} |", gains.collect::<Vec<_>>().join(" | "));
    }
    text
}

/// Mean and standard deviation of shares, in percent.
fn percent(shares: &[f64]) -> String {
    let (mean, deviation) = mean_and_deviation(shares);
    format!("{:.1} ± {:.1}", 100.0 * mean, 100.0 * deviation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clips(counts: &[(Emotion, usize)]) -> Vec<Clip> {
        let clip = |emotion| Clip { id: String::new(), emotion, speaker: Some(1), samples: vec![], content_hash: 0 };
        counts.iter().flat_map(|&(emotion, count)| vec![clip(emotion); count]).collect()
    }

    #[test]
    fn draws_leave_something_to_score_and_grow() {
        let clips = clips(&[(Emotion::Neutral, 4), (Emotion::Sad, 8)]);
        let [one, three, five] = [1, 3, 5].map(|count| drawn(&clips, count, 7).unwrap());
        let count = |own: &[bool]| own.iter().filter(|own| **own).count();
        assert_eq!([count(&one), count(&three), count(&five)], [2, 6, 8], "of neutral three at most");
        for (fewer, more) in [(&one, &three), (&three, &five)] {
            assert!(fewer.iter().zip(more).all(|(fewer, more)| !fewer || *more));
        }
        assert_ne!(drawn(&clips, 3, 8).unwrap(), three);
        assert_eq!(drawn(&clips[3..], 1, 7), Err(1));
        assert_eq!(drawn(&[], 1, 7), Err(0));
    }

    #[test]
    fn draws_count_by_their_clips() {
        let trial = |actor, draw, scored, base, tuned| Trial {
            actor,
            clips_an_emotion: 1,
            draw,
            learned: 8,
            scored,
            base,
            tuned,
        };
        let trials = [trial(1, 1, 10, 5, 8), trial(2, 1, 30, 15, 16), trial(1, 2, 10, 5, 5), trial(2, 2, 30, 15, 15)];
        let args = AdaptReportArgs {
            init: PathBuf::new(),
            data: PathBuf::new(),
            actors: Vec::new(),
            clips: vec![1],
            draws: 2,
            set: Vec::new(),
            device: String::new(),
            cache: CacheArgs::default(),
            out: None,
        };
        let text = table(&args, &trials);
        assert!(text.contains("| 1 | 8, 10 | 50.0 ± 0.0 % | 55.0 ± 7.1 % | 5.0 ± 7.1 points |"), "{text}");
        assert!(text.contains("| 1 | 15.0 ± 21.2 points |"), "{text}");
    }
}
