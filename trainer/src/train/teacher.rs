//! Teachers: finished networks from which another one learns, beside the labels, what a whole example resembles (Hinton et al. 2015).
//!
//! They judge the very inputs that it learns from, varied and mixed as they are (Beyer et al. 2022), and their posteriors are averaged. What a run
//! leaves out or chooses by, its teachers must not have learned from either: their posteriors would tell it.

use super::Recipe;
use super::run_folder::{RunDescription, RunFolder, RunFolderError};
use crate::network::Network;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a run can't learn from another.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TeacherError {
    /// The run can't be read.
    #[error("--teacher: {0}")]
    Folder(#[from] RunFolderError),
    /// It has not come to its end.
    #[error("--teacher {}: the run is not finished: go on with it by --resume", path.display())]
    Unfinished {
        /// The run.
        path: PathBuf,
    },
    /// It tells other classes apart, or reads another input.
    #[error("--teacher {}: {reason}: train it on the same data, with the same speakers left out", path.display())]
    Other {
        /// The run.
        path: PathBuf,
        /// What is other.
        reason: &'static str,
    },
    /// It has learned from what must stay unseen.
    #[error("--teacher {}: it has learned from {what}: train it without", path.display())]
    HasSeen {
        /// The run.
        path: PathBuf,
        /// What must stay unseen.
        what: String,
    },
}

/// Finished networks, on every device that learns from them.
pub(super) struct Teachers {
    /// Of each device, all of them.
    networks: Vec<Vec<Network>>,
    /// Share of the targets that they give.
    share: f32,
}

impl Teachers {
    /// The teachers of a run; `None` if it has none.
    ///
    /// * `devices`: those that learn
    pub(super) fn of(run: &RunDescription, devices: &[Device]) -> Result<Option<Self>, TeacherError> {
        if run.teachers.is_empty() {
            return Ok(None);
        }
        let folders = run.teachers.iter().map(|path| fit(run, path)).collect::<Result<Vec<_>, _>>()?;
        let on_device = |device: Device| folders.iter().map(|folder| folder.best_network(&device)).collect();
        let networks =
            devices.iter().map(|device| on_device(device.clone().inner())).collect::<Result<_, RunFolderError>>()?;
        Ok(Some(Self { networks, share: run.recipe.imitation }))
    }

    /// What is learned: the labels' targets, and in part what the teachers take the inputs for.
    ///
    /// * `place`: of the device on which both lie
    pub(super) fn blend(&self, targets: Tensor<2>, inputs: &Tensor<4>, place: usize) -> Tensor<2> {
        let networks = &self.networks[place];
        let inputs = inputs.clone().inner();
        let posteriors = networks.iter().map(|network| softmax(network.forward(inputs.clone()), 1));
        let sum =
            posteriors.reduce(|sum, posteriors| sum + posteriors).expect("a run without teachers has no Teachers");
        targets * (1.0 - self.share) + Tensor::from_inner(sum * (self.share / networks.len() as f32))
    }
}

/// Refuses teachers from which a run must not, or can't, learn.
pub(crate) fn check(run: &RunDescription) -> Result<(), TeacherError> {
    run.teachers.iter().try_for_each(|path| fit(run, path).map(|_| ()))
}

/// The folder of a teacher that suits a run.
fn fit(run: &RunDescription, path: &Path) -> Result<RunFolder, TeacherError> {
    let folder = RunFolder::open(path)?;
    let teacher = folder.description()?;
    if !folder.progress()?.finished {
        return Err(TeacherError::Unfinished { path: path.to_owned() });
    }
    if let Some(reason) = difference(run, &teacher) {
        return Err(TeacherError::Other { path: path.to_owned(), reason });
    }
    match seen(run, &teacher) {
        Some(what) => Err(TeacherError::HasSeen { path: path.to_owned(), what }),
        None => Ok(folder),
    }
}

/// What a teacher has learned from though the run leaves it out or chooses by it.
fn seen(run: &RunDescription, teacher: &RunDescription) -> Option<String> {
    if let Some(speaker) = run.test_speakers.iter().find(|speaker| !teacher.test_speakers.contains(speaker)) {
        return Some(format!("speaker {speaker}, who is left out here"));
    }
    let unheard =
        |speaker: &u16| teacher.test_speakers.contains(speaker) || teacher.selection_speakers.contains(speaker);
    if let Some(speaker) = run.selection_speakers.iter().find(|speaker| !unheard(speaker)) {
        return Some(format!("speaker {speaker}, by whom epochs are chosen here"));
    }
    let leaves_out = !run.all_learned || !run.test_speakers.is_empty();
    if leaves_out && teacher.base.is_some() {
        return Some("what it was fine-tuned from had learned, which nothing tells any more".to_owned());
    }
    let chosen_from_all = !run.all_learned && run.selection_speakers.is_empty();
    let same_cut = |one: &RunDescription| {
        let Recipe { seed, .. } = one.recipe;
        (one.all_learned, one.stratified, seed, one.data_hash.clone(), one.selection_speakers.clone())
    };
    (chosen_from_all && same_cut(run) != same_cut(teacher))
        .then(|| "what epochs are chosen by here (another seed, other data, or all of it)".to_owned())
}

/// What keeps a teacher from judging the run's inputs.
fn difference(run: &RunDescription, teacher: &RunDescription) -> Option<&'static str> {
    if (run.task, &run.classes) != (teacher.task, &teacher.classes) {
        return Some("it tells other emotions apart");
    }
    if run.architecture.input != teacher.architecture.input {
        return Some("it reads another input");
    }
    (run.statistics != teacher.statistics).then_some("it scales its input otherwise")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Labels;
    use crate::network::architecture::Tensor as Source;
    use crate::network::module::numbers;
    use crate::network::{Architecture, Preset};
    use crate::train::device;
    use crate::train::tuning::Start;
    use moodbox_shared::Emotion;
    use moodbox_shared::model::Task;

    fn run(test_speakers: &[u16], selection_speakers: &[u16]) -> RunDescription {
        let mut architecture = Architecture::new([1, 1, 3]);
        architecture.dense(Source::Input, 2);
        RunDescription {
            task: Task::Speech,
            preset: Preset::COMPACT,
            architecture,
            classes: vec![Emotion::Happy, Emotion::Sad],
            recipe: Recipe { imitation: 0.25, ..Preset::COMPACT.recipe(Task::Speech).unwrap() },
            data: PathBuf::new(),
            labels: Labels::Fer2013,
            votes: None,
            split: String::new(),
            test_speakers: test_speakers.to_vec(),
            selection_speakers: selection_speakers.to_vec(),
            stratified: false,
            all_learned: selection_speakers.is_empty(),
            data_hash: "a".to_owned(),
            statistics: Vec::new(),
            base: None,
            teachers: Vec::new(),
            command: String::new(),
        }
    }

    #[test]
    fn a_teacher_must_not_have_heard_whom_the_run_leaves_out() {
        let one = run(&[3, 4], &[7]);
        assert_eq!(seen(&one, &run(&[3, 4], &[7])), None);
        assert_eq!(seen(&one, &run(&[3, 4, 7], &[])), None);
        for (test, selection, found) in [(&[3][..], &[4, 7][..], "speaker 4"), (&[3, 4], &[8], "speaker 7")] {
            let told = seen(&one, &run(test, selection)).unwrap();
            assert!(told.starts_with(found), "{told}");
        }
        assert_eq!(seen(&run(&[3], &[]), &run(&[3, 4], &[7])), None, "who hears less gives nothing away");
        let start = Start { from: PathBuf::new(), temperature: 1.0, priors: Vec::new(), ranges: Vec::new(), pull: 1.0 };
        let fine_tuned = RunDescription { base: Some(start), ..run(&[3, 4], &[7]) };
        assert!(seen(&one, &fine_tuned).is_some() && seen(&run(&[], &[]), &fine_tuned).is_none());
    }

    #[test]
    fn where_a_part_of_all_chooses_a_teacher_needs_the_same_cut() {
        let one = RunDescription { all_learned: false, ..run(&[], &[]) };
        assert_eq!(seen(&one, &one), None);
        let mut other = one.clone();
        other.recipe.seed += 1;
        assert!(seen(&one, &other).is_some());
        assert!(seen(&one, &RunDescription { data_hash: "b".to_owned(), ..one.clone() }).is_some());
        assert!(seen(&one, &run(&[], &[])).is_some(), "it has learned from everything");
        assert_eq!(seen(&run(&[], &[]), &other), None, "where nothing chooses, nothing is told");
    }

    #[test]
    fn targets_are_in_part_what_teachers_think_on_average() {
        let device = device::by_name("flex").unwrap();
        let one = run(&[], &[]);
        let network = || Network::new(&one.architecture, &device);
        let (first, second) = (network(), network());
        let inputs = Tensor::<4>::from_data([[[[0.5f32]], [[-1.0]], [[2.0]]]], &device);
        let posteriors = |network: &Network| numbers(softmax(network.forward(inputs.clone()), 1));
        let mean: Vec<f32> =
            posteriors(&first).iter().zip(posteriors(&second)).map(|(one, other)| (one + other) / 2.0).collect();
        let teachers = Teachers { networks: vec![vec![first, second]], share: 0.25 };
        let learning = device.autodiff();
        let targets = Tensor::<2>::from_data([[1.0f32, 0.0]], &learning);
        let inputs = Tensor::from_inner(inputs);
        let blended = numbers(teachers.blend(targets, &inputs, 0));
        for ((blended, target), mean) in blended.iter().zip([1.0, 0.0]).zip(mean) {
            assert!((blended - (0.75 * target + 0.25 * mean)).abs() < 1e-6, "{blended}");
        }
    }
}
