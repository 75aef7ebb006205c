//! What a run leaves out or chooses by must stay unseen, by the networks too that it learns from or starts from: else its figures flatter.

use super::Recipe;
use super::run_folder::RunDescription;

/// What another run has learned from though this one leaves it out or chooses by it.
pub(super) fn seen(run: &RunDescription, other: &RunDescription) -> Option<String> {
    if let Some(speaker) = run.test_speakers.iter().find(|speaker| !other.test_speakers.contains(speaker)) {
        return Some(format!("speaker {speaker}, who is left out here"));
    }
    let unheard = |speaker: &u16| other.test_speakers.contains(speaker) || other.selection_speakers.contains(speaker);
    if let Some(speaker) = run.selection_speakers.iter().find(|speaker| !unheard(speaker)) {
        return Some(format!("speaker {speaker}, by whom epochs are chosen here"));
    }
    let leaves_out = !run.all_learned || !run.test_speakers.is_empty();
    if leaves_out && other.base.is_some() {
        return Some("what it was fine-tuned from had learned, which nothing tells any more".to_owned());
    }
    let chosen_from_all = !run.all_learned && run.selection_speakers.is_empty();
    let same_cut = |one: &RunDescription| {
        let Recipe { seed, .. } = one.recipe;
        (one.all_learned, one.stratified, seed, one.data_hash.clone(), one.selection_speakers.clone())
    };
    (chosen_from_all && same_cut(run) != same_cut(other))
        .then(|| "what epochs are chosen by here (another seed, other data, or all of it)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Labels;
    use crate::network::{Architecture, Preset};
    use crate::train::tuning::Start;
    use moodbox_shared::model::Task;
    use std::path::PathBuf;

    fn run(test_speakers: &[u16], selection_speakers: &[u16]) -> RunDescription {
        RunDescription {
            task: Task::Speech,
            preset: Preset::COMPACT,
            architecture: Architecture::new([1, 1, 3]),
            classes: Vec::new(),
            recipe: Preset::COMPACT.recipe(Task::Speech).unwrap(),
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
    fn nobody_else_may_have_heard_whom_the_run_leaves_out() {
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
    fn where_a_part_of_all_chooses_others_need_the_same_cut() {
        let one = RunDescription { all_learned: false, ..run(&[], &[]) };
        assert_eq!(seen(&one, &one), None);
        let mut other = one.clone();
        other.recipe.seed += 1;
        assert!(seen(&one, &other).is_some());
        assert!(seen(&one, &RunDescription { data_hash: "b".to_owned(), ..one.clone() }).is_some());
        assert!(seen(&one, &run(&[], &[])).is_some(), "it has learned from everything");
        assert_eq!(seen(&run(&[], &[]), &other), None, "where nothing chooses, nothing is told");
    }
}
