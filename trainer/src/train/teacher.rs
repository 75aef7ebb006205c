//! Teachers: finished networks from which another one learns, beside the labels, what a whole example resembles (Hinton et al. 2015).
//!
//! They judge the very inputs that it learns from, varied and mixed as they are (Beyer et al. 2022), and their posteriors are averaged. What a run
//! leaves out or chooses by, its teachers must not have learned from either: their posteriors would tell it.

use super::run_folder::{RunDescription, RunFolder, RunFolderError};
use super::unseen;
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
    match unseen::seen(run, &teacher) {
        Some(what) => Err(TeacherError::HasSeen { path: path.to_owned(), what }),
        None => Ok(folder),
    }
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
    use crate::network::Architecture;
    use crate::network::architecture::Tensor as Source;
    use crate::network::module::numbers;
    use crate::train::device;

    #[test]
    fn targets_are_in_part_what_teachers_think_on_average() {
        let device = device::by_name("flex").unwrap();
        let mut architecture = Architecture::new([1, 1, 3]);
        architecture.dense(Source::Input, 2);
        let network = || Network::new(&architecture, &device);
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
