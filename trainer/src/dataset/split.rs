//! How data is cut into what a network learns from and what chooses (early stop, recipe, temperature): repeatable from a seed on every
//! machine, the same picture or speaker never on both sides (but for [`stratified`] ones, which serve comparison with others).

use std::collections::{BTreeMap, HashSet};

use moodbox_shared::Emotion;

use super::{Clip, Picture};

/// Speaker-independent folds of RAVDESS as published (Luna-Jiménez et al. 2021), without the actors that stay unseen.
pub const RAVDESS_FOLDS: [&[u16]; 4] = [&[2, 5, 14, 15, 16], &[3, 6, 7, 13, 18], &[10, 11, 12, 19, 20], &[1, 4, 9, 22]];

/// Indices into what was split, both ascending; together they are everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// What the network learns from.
    pub train: Vec<usize>,
    /// What chooses.
    pub selection: Vec<usize>,
}

impl Split {
    /// `len` items, those for which `is_selection` holds on the other side.
    pub fn from_fn(len: usize, is_selection: impl Fn(usize) -> bool) -> Self {
        let (selection, train) = (0..len).partition(|&index| is_selection(index));
        Self { train, selection }
    }
}

/// Cuts pictures by their content, about `fraction` of them for selection: copies of a picture fall on the same side, and a picture stays
/// on its side when others are added.
pub fn by_hash(pictures: &[Picture], fraction: f64, seed: u64) -> Split {
    Split::from_fn(pictures.len(), |index| unit_interval(mix(pictures[index].content_hash ^ mix(seed))) < fraction)
}

/// Cuts clips by speaker: all clips of the speakers named are for selection. Clips without a speaker are learned from.
pub fn by_speaker(clips: &[Clip], selection_speakers: &[u16]) -> Split {
    Split::from_fn(clips.len(), |index| {
        clips[index].speaker.is_some_and(|speaker| selection_speakers.contains(&speaker))
    })
}

/// Chooses about `fraction` of the speakers, at least one and never all of two or more; as many odd as even ones (in RAVDESS: men and
/// women) as far as the number allows.
pub fn choose_speakers(speakers: &[u16], fraction: f64, seed: u64) -> Vec<u16> {
    let mut distinct: Vec<u16> = speakers.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let wanted = (distinct.len() as f64 * fraction).round() as usize;
    let wanted = wanted.clamp(1.min(distinct.len()), distinct.len().saturating_sub(1).max(1));
    distinct.sort_by_key(|&speaker| mix(u64::from(speaker) ^ mix(seed)));
    let (odd, even): (Vec<u16>, Vec<u16>) = distinct.iter().partition(|&&speaker| speaker % 2 == 1);
    let mut ranked: Vec<(usize, u16)> = odd.into_iter().enumerate().chain(even.into_iter().enumerate()).collect();
    ranked.sort_by_key(|&(rank, speaker)| (rank, mix(u64::from(speaker) ^ mix(seed))));
    let mut chosen: Vec<u16> = ranked.into_iter().map(|(_, speaker)| speaker).take(wanted).collect();
    chosen.sort_unstable();
    chosen
}

/// Cuts so that every label keeps its share on both sides: of each, `fraction` (rounded) is for selection.
///
/// It puts copies and speakers on both sides: for comparison with published figures only.
pub fn stratified(labels: &[Emotion], fraction: f64, seed: u64) -> Split {
    let mut by_label: BTreeMap<Emotion, Vec<usize>> = BTreeMap::new();
    for (index, &label) in labels.iter().enumerate() {
        by_label.entry(label).or_default().push(index);
    }
    let mut selection = HashSet::new();
    for mut indices in by_label.into_values() {
        indices.sort_by_key(|&index| mix(index as u64 ^ mix(seed)));
        let wanted = (indices.len() as f64 * fraction).round() as usize;
        selection.extend(indices.into_iter().take(wanted));
    }
    Split::from_fn(labels.len(), |index| selection.contains(&index))
}

/// Takes out what has its content among the `seen`; returns how many.
///
/// * `content`: the hash of an item's content
pub fn drop_seen<T>(items: &mut Vec<T>, seen: &[T], content: impl Fn(&T) -> u64) -> usize {
    let seen: HashSet<u64> = seen.iter().map(&content).collect();
    let before = items.len();
    items.retain(|item| !seen.contains(&content(item)));
    before - items.len()
}

/// SplitMix64's finaliser (Steele et al. 2014): neighbouring numbers come out unrelated.
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// To `[0, 1)`.
fn unit_interval(value: u64) -> f64 {
    (value >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Part;
    use moodbox_shared::media::image_file::OwnedLuma;

    fn picture(content_hash: u64) -> Picture {
        let luma = OwnedLuma::new(1, 1, vec![0]).unwrap();
        Picture { id: String::new(), emotion: Emotion::Happy, part: Part::Train, luma, content_hash }
    }

    fn clip(speaker: Option<u16>) -> Clip {
        Clip { id: String::new(), emotion: Emotion::Calm, speaker, samples: Vec::new(), content_hash: 0 }
    }

    #[test]
    fn copies_of_a_picture_fall_on_one_side() {
        let pictures: Vec<Picture> = (0..2000).map(|index| picture(index % 1000)).collect();
        let split = by_hash(&pictures, 0.1, 7);
        let hashes =
            |indices: &[usize]| -> HashSet<u64> { indices.iter().map(|&i| pictures[i].content_hash).collect() };
        assert!(hashes(&split.train).is_disjoint(&hashes(&split.selection)));
        assert_eq!(split.train.len() + split.selection.len(), 2000);
        assert!((150..=250).contains(&split.selection.len()), "{}", split.selection.len());
        assert_ne!(split, by_hash(&pictures, 0.1, 8), "another seed cuts otherwise");
    }

    #[test]
    fn a_picture_stays_on_its_side_when_others_come() {
        let few: Vec<Picture> = (0..100).map(picture).collect();
        let many: Vec<Picture> = (0..500).map(picture).collect();
        let (few, many) = (by_hash(&few, 0.2, 1), by_hash(&many, 0.2, 1));
        assert!(few.selection.iter().all(|index| many.selection.contains(index)));
    }

    #[test]
    fn a_speaker_never_stands_on_both_sides() {
        let clips: Vec<Clip> = [Some(1), Some(2), Some(1), None, Some(3)].into_iter().map(clip).collect();
        let split = by_speaker(&clips, &[1]);
        assert_eq!((split.train, split.selection), (vec![1, 3, 4], vec![0, 2]));
    }

    #[test]
    fn chosen_speakers_are_men_and_women() {
        let speakers: Vec<u16> = (1..=20).collect();
        let chosen = choose_speakers(&speakers, 0.2, 3);
        assert_eq!(chosen.len(), 4);
        assert_eq!(chosen.iter().filter(|&&speaker| speaker % 2 == 1).count(), 2);
        assert_eq!(chosen, choose_speakers(&speakers, 0.2, 3));
        assert_eq!(choose_speakers(&[5, 5], 0.2, 3), [5]);
        assert_eq!(choose_speakers(&[5, 6], 0.9, 3).len(), 1);
        assert!(choose_speakers(&[], 0.2, 3).is_empty());
    }

    #[test]
    fn every_label_keeps_its_share() {
        let labels: Vec<Emotion> =
            [(Emotion::Happy, 100), (Emotion::Sad, 10)].into_iter().flat_map(|(label, n)| vec![label; n]).collect();
        let split = stratified(&labels, 0.2, 42);
        let of = |label| split.selection.iter().filter(|&&index| labels[index] == label).count();
        assert_eq!((of(Emotion::Happy), of(Emotion::Sad)), (20, 2));
    }

    #[test]
    fn pictures_seen_elsewhere_are_taken_out() {
        let mut train: Vec<Picture> = [1, 2, 3, 2].into_iter().map(picture).collect();
        assert_eq!(drop_seen(&mut train, &[picture(2), picture(9)], |picture| picture.content_hash), 2);
        assert_eq!(train.len(), 2);
    }
}
