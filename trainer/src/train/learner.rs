//! The loop: batches in, better weights out, an eye on data that is not learned from.

use super::average::Average;
use super::batch::{Batch, largest, order, training_batch};
use super::run_folder::{Progress, RunDescription, RunFolder, RunFolderError};
use super::step::{Learner, Seen, tensor};
use super::stopwatch::{Phase, Stopwatch};
use super::teacher::{TeacherError, Teachers};
use super::tuning::Tether;
use super::{Examples, Recipe};
use crate::network::Network;
use crate::report::{self, EpochRecord};
use burn::module::Module;
use burn::tensor::Device;
use burn::tensor::activation::log_softmax;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Instant;
use thiserror::Error;

/// Inputs of one forward pass when nothing is learned.
const EVALUATION_BATCH: usize = 128;

/// Why training stopped without a result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The run's folder failed.
    #[error(transparent)]
    Folder(#[from] RunFolderError),
    /// History or curves could not be written.
    #[error(transparent)]
    Report(#[from] report::ReportError),
    /// There is nothing to learn from, or nothing to choose by.
    #[error("{training} examples to learn from and {selection} to choose by: both are needed")]
    TooFew {
        /// Examples to learn from.
        training: usize,
        /// Inputs to choose by.
        selection: usize,
    },
    /// It can't learn from a teacher.
    #[error(transparent)]
    Teacher(#[from] TeacherError),
    /// The loss is no number any more.
    #[error("the loss of epoch {epoch} is {loss}: lower the learning rate")]
    Diverged {
        /// Counted from one.
        epoch: usize,
        /// What it became.
        loss: f32,
    },
}

/// How a training ended.
#[derive(Clone, Debug)]
pub struct Trained {
    /// How far it came.
    pub progress: Progress,
    /// Whether it was interrupted: then it can be resumed.
    pub interrupted: bool,
}

/// Trains until the last epoch, an early stop or an interruption, from the folder's last checkpoint if there is one. Every epoch is told.
///
/// * `devices`: at least one; several share each batch
pub fn resume_or_start<E: Examples + ?Sized>(
    folder: &RunFolder,
    description: &RunDescription,
    examples: &E,
    devices: &[Device],
    interrupted: &AtomicBool,
) -> Result<Trained, TrainError> {
    let bar = progress_bar(&description.recipe, examples.training_len(), folder.progress()?.epochs_done);
    train(folder, description, examples, devices, interrupted, Some(&bar))
}

/// The same, without a word.
pub fn resume_silently<E: Examples + ?Sized>(
    folder: &RunFolder,
    description: &RunDescription,
    examples: &E,
    device: &Device,
    interrupted: &AtomicBool,
) -> Result<Trained, TrainError> {
    train(folder, description, examples, std::slice::from_ref(device), interrupted, None)
}

fn train<E: Examples + ?Sized>(
    folder: &RunFolder,
    description: &RunDescription,
    examples: &E,
    devices: &[Device],
    interrupted: &AtomicBool,
    told: Option<&ProgressBar>,
) -> Result<Trained, TrainError> {
    let (training, selection) = (examples.training_len(), examples.selection_len());
    if training == 0 || (selection == 0 && !description.all_learned) {
        return Err(TrainError::TooFew { training, selection });
    }
    let start = description.base.as_ref();
    let recipe = &description.recipe;
    let mut progress = folder.progress()?;
    if progress.finished {
        return Ok(Trained { progress, interrupted: false });
    }
    let mut learner = Learner::new(&description.architecture, recipe, devices);
    let device = learner.devices[0].clone();
    learner.teachers = Teachers::of(description, &learner.devices)?;
    if let Some(start) = start {
        let base = folder.base_network(&description.architecture, &device)?;
        learner.tether = Some(Tether::new(&base, start.pull, training, examples.shown(), &device));
        learner.average = Average::new(recipe.average_decay, &base, 0);
        learner.network = base;
    }
    if progress.epochs_done > 0 {
        (learner.network, learner.optimizer) =
            folder.last_state(&progress, &description.architecture, learner.optimizer, &device)?;
        let averaged = folder.last_average(&progress, &description.architecture, &device)?;
        let steps_done = progress.epochs_done * steps(training, recipe);
        learner.average = Average::new(recipe.average_decay, &averaged, steps_done);
    }

    let hidden = ProgressBar::hidden();
    let bar = told.unwrap_or(&hidden);
    while progress.epochs_done < recipe.epochs && !progress.finished {
        let epoch = progress.epochs_done + 1;
        let started = Instant::now();
        let mut stopwatch = Stopwatch::start(false);
        let Some(train) = learn(&mut learner, examples, recipe, epoch, &mut stopwatch, interrupted, bar) else {
            bar.abandon();
            return Ok(Trained { progress, interrupted: true });
        };
        if !train.loss.is_finite() {
            return Err(TrainError::Diverged { epoch, loss: train.loss });
        }
        // Settles the running statistics too, which otherwise lag a step behind: what is kept is what the next step starts from.
        let averaged = learner.average.apply(learner.network.valid());
        let chosen = if selection > 0 {
            judge(&averaged, examples, &device.clone().inner())
        } else {
            Figures { loss: f32::NAN, accuracy: f32::NAN }
        };
        progress.epochs_done = epoch;
        // Where nothing chooses, the last epoch counts.
        if selection == 0 || progress.best_epoch == 0 || chosen.accuracy > progress.best_selection_accuracy {
            progress.best_epoch = epoch;
            progress.best_selection_accuracy = chosen.accuracy.max(0.0);
        }
        progress.history.push(EpochRecord {
            epoch,
            train_loss: train.loss,
            train_accuracy: train.accuracy,
            selection_loss: chosen.loss,
            selection_accuracy: chosen.accuracy,
            learning_rate: recipe.learning_rate((epoch - 1) * steps(training, recipe), steps(training, recipe)),
            seconds: started.elapsed().as_secs_f64(),
        });
        progress.finished = epoch == recipe.epochs || epoch >= progress.best_epoch + recipe.patience;
        folder.keep(&progress, &learner.network, averaged, &learner.optimizer)?;
        report::write_history(folder.path(), &progress.history)?;
        report::curves_png(&folder.file("curves.png"), &progress.history)?;
        let selected = if selection > 0 {
            format!("selection: loss {:.3}, accuracy {:.1} %  ", chosen.loss, 100.0 * chosen.accuracy)
        } else {
            String::new()
        };
        let line = format!(
            "epoch {epoch:>3}/{}  learned: loss {:.3}, accuracy {:.1} %  {selected}({:.0} s)",
            recipe.epochs,
            train.loss,
            100.0 * train.accuracy,
            started.elapsed().as_secs_f64(),
        );
        match told {
            Some(bar) if bar.is_hidden() => println!("{line}"),
            Some(bar) => bar.println(line),
            None => {}
        }
    }
    bar.finish_and_clear();
    Ok(Trained { progress, interrupted: false })
}

/// Loss and accuracy over some examples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    pub loss: f32,
    pub accuracy: f32,
}

fn steps(training: usize, recipe: &Recipe) -> usize {
    training.div_ceil(recipe.batch)
}

/// One pass over the training data; `None` if interrupted on the way.
pub(super) fn learn<E: Examples + ?Sized>(
    learner: &mut Learner,
    examples: &E,
    recipe: &Recipe,
    epoch: usize,
    stopwatch: &mut Stopwatch,
    interrupted: &AtomicBool,
    bar: &ProgressBar,
) -> Option<Figures> {
    // Dropout draws from a device's own generator.
    for (device, number) in learner.devices.iter().zip(0..) {
        device.seed(recipe.seed.wrapping_add(epoch as u64).wrapping_add(number << 32));
    }
    let order = order(examples.training_len(), recipe.seed, epoch);
    let steps = steps(order.len(), recipe);
    let first = learner.devices[0].clone();
    let (mut loss_sum, mut right) = (0.0, 0);
    let mut read = |seen: Option<(Seen, usize)>| {
        if let Some((seen, len)) = seen {
            let (loss, told) = seen.read();
            loss_sum += f64::from(loss) * len as f64;
            right += told;
        }
    };
    let (sender, receiver) = sync_channel::<Batch>(2);
    let finished = std::thread::scope(|scope| {
        let order = &order;
        scope.spawn(move || {
            for indices in order.chunks(recipe.batch) {
                if sender.send(training_batch(examples, recipe, epoch, indices)).is_err() {
                    return;
                }
            }
        });
        let mut last = None;
        for (step, batch) in receiver.into_iter().enumerate() {
            if interrupted.load(Ordering::Relaxed) {
                // The receiver goes with this loop, and the sender stops at its next batch.
                return false;
            }
            stopwatch.lap(Phase::Data, &first);
            let len = batch.classes.len();
            let rate = recipe.learning_rate((epoch - 1) * steps + step, steps);
            let seen = learner.step(batch, examples.input_shape(), rate, stopwatch);
            // A step is read when the next one is on its way, so that no device waits.
            read(last.replace((seen, len)));
            stopwatch.lap(Phase::Reading, &first);
            bar.inc(1);
        }
        read(last);
        stopwatch.lap(Phase::Reading, &first);
        true
    });
    let seen = order.len();
    finished.then(|| Figures { loss: (loss_sum / seen as f64) as f32, accuracy: right as f32 / seen as f32 })
}

/// Loss and accuracy on the selection data; inputs of one group are judged by the mean of their log-posteriors.
fn judge<E: Examples + ?Sized>(network: &Network, examples: &E, device: &Device) -> Figures {
    use rayon::prelude::*;
    let shape = examples.input_shape();
    let width: usize = shape.iter().product();
    let classes = examples.classes();
    let groups = (0..examples.selection_len()).map(|index| examples.selection_group(index)).max().unwrap_or(0) + 1;
    let mut sums = vec![0.0f32; groups * classes];
    let mut members = vec![(0usize, 0usize); groups];
    let indices: Vec<usize> = (0..examples.selection_len()).collect();
    for chunk in indices.chunks(EVALUATION_BATCH) {
        let mut inputs = vec![0.0; chunk.len() * width];
        let truth: Vec<usize> = inputs
            .par_chunks_exact_mut(width)
            .zip(chunk)
            .map(|(input, &index)| examples.selection_example(index, input))
            .collect();
        let inputs = tensor(inputs, [chunk.len(), shape[0], shape[1], shape[2]], device);
        let rows = crate::network::module::numbers(log_softmax(network.forward(inputs), 1));
        for ((row, class), &index) in rows.chunks_exact(classes).zip(truth).zip(chunk) {
            let group = examples.selection_group(index);
            members[group] = (class, members[group].1 + 1);
            for (sum, value) in sums[group * classes..].iter_mut().zip(row) {
                *sum += value;
            }
        }
    }
    let (mut loss, mut right) = (0.0, 0);
    for (sum, &(class, count)) in sums.chunks_exact(classes).zip(&members) {
        loss -= sum[class] / count.max(1) as f32;
        right += usize::from(largest(sum) == class);
    }
    Figures { loss: loss / groups as f32, accuracy: right as f32 / groups as f32 }
}

fn progress_bar(recipe: &Recipe, training: usize, epochs_done: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let steps = steps(training, recipe);
    let bar = ProgressBar::new((recipe.epochs * steps) as u64).with_position((epochs_done * steps) as u64);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent} %  {eta} left  {per_sec}") {
        bar.set_style(style);
    }
    bar
}
