//! Where in the arena each tensor lies: tensors that are needed at the same time lie apart, all others may share bytes.

mod search;

use moodbox_shared::nn::ARENA_ALIGNMENT;
use std::ops::Range;

/// A tensor as the planner sees it.
#[derive(Clone, Copy, Debug)]
pub struct Lifetime {
    /// Its size.
    pub bytes: usize,
    /// The layer that writes it.
    pub born: usize,
    /// The last layer that reads it.
    pub dies: usize,
}

impl Lifetime {
    fn meets(&self, other: &Self) -> bool {
        self.born <= other.dies && other.born <= self.dies
    }

    /// Those during which it is needed.
    fn layers(&self) -> Range<usize> {
        self.born..self.dies + 1
    }

    fn aligned_bytes(&self) -> usize {
        self.bytes.next_multiple_of(ARENA_ALIGNMENT)
    }
}

/// A place for every tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArenaPlan {
    /// First byte of each tensor.
    pub offsets: Vec<usize>,
    /// Bytes that all of them need.
    pub bytes: usize,
    /// No plan can need fewer: the largest sum of tensors that are needed at the same time.
    pub lower_bound: usize,
}

/// Plans the arena: greedily, then by a [`search`] for a better plan that ends at the lower bound.
pub fn plan(tensors: &[Lifetime]) -> ArenaPlan {
    let greedy = greedily(tensors);
    let lower_bound = lower_bound(tensors);
    let (offsets, bytes) = search::below(tensors, greedy.1, lower_bound).unwrap_or(greedy);
    ArenaPlan { offsets, bytes, lower_bound }
}

/// Each tensor as far to the front as those placed before it allow, in several orders of which the best is taken (after Pisarchyk &
/// Lee 2020).
fn greedily(tensors: &[Lifetime]) -> (Vec<usize>, usize) {
    let by_size = |index: &usize| std::cmp::Reverse(tensors[*index].bytes);
    let by_lifetime = |index: &usize| {
        let tensor = &tensors[*index];
        std::cmp::Reverse(tensor.layers().len() * tensor.bytes)
    };
    let in_order: Vec<usize> = (0..tensors.len()).collect();
    let mut orders = [in_order.clone(), in_order.clone(), in_order];
    orders[1].sort_by_key(by_size);
    orders[2].sort_by_key(by_lifetime);
    let plans = orders.iter().map(|order| place(tensors, order));
    plans.min_by_key(|(_, bytes)| *bytes).unwrap_or_default()
}

fn place(tensors: &[Lifetime], order: &[usize]) -> (Vec<usize>, usize) {
    let mut offsets = vec![0; tensors.len()];
    let mut placed: Vec<usize> = Vec::new();
    let mut bytes = 0;
    for &index in order {
        let mut taken: Vec<(usize, usize)> = placed
            .iter()
            .filter(|&&other| tensors[other].meets(&tensors[index]))
            .map(|&other| (offsets[other], offsets[other] + tensors[other].aligned_bytes()))
            .collect();
        taken.sort_unstable();
        let size = tensors[index].aligned_bytes();
        let offset = taken.into_iter().fold((0, false), |(offset, fits), (start, end)| {
            if fits || offset + size <= start { (offset, true) } else { (offset.max(end), false) }
        });
        offsets[index] = offset.0;
        bytes = bytes.max(offset.0 + size);
        placed.push(index);
    }
    (offsets, bytes)
}

/// The largest sum of tensors that are needed at the same time.
pub fn lower_bound(tensors: &[Lifetime]) -> usize {
    let layers = tensors.iter().map(|tensor| tensor.dies + 1).max().unwrap_or(0);
    let alive = |layer: usize| tensors.iter().filter(move |tensor| tensor.layers().contains(&layer));
    (0..layers).map(|layer| alive(layer).map(Lifetime::aligned_bytes).sum()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng, rngs::StdRng};

    #[test]
    fn a_chain_needs_its_two_largest_neighbours() {
        let chain: Vec<Lifetime> = [100, 300, 200, 50]
            .into_iter()
            .enumerate()
            .map(|(index, bytes)| Lifetime { bytes, born: index.saturating_sub(1), dies: index })
            .collect();
        let plan = plan(&chain);
        assert_eq!(plan.bytes, 304 + 208);
        assert_eq!(plan.bytes, plan.lower_bound);
    }

    fn random_tensors(random: &mut StdRng, most: usize, layers: usize, longest: usize, sizes: usize) -> Vec<Lifetime> {
        (0..random.random_range(1..=most))
            .map(|_| {
                let born = random.random_range(0..layers);
                let dies = born + random.random_range(0..longest);
                Lifetime { bytes: random.random_range(1..sizes), born, dies }
            })
            .collect()
    }

    #[test]
    fn tensors_needed_together_lie_apart() {
        let mut random = StdRng::seed_from_u64(1);
        let mut at_the_bound = 0;
        for _ in 0..200 {
            let tensors = random_tensors(&mut random, 30, 20, 4, 500);
            let plan = plan(&tensors);
            assert!(plan.bytes >= plan.lower_bound);
            at_the_bound += usize::from(plan.bytes == plan.lower_bound);
            for (a, first) in tensors.iter().enumerate() {
                assert_eq!(plan.offsets[a] % ARENA_ALIGNMENT, 0);
                assert!(plan.offsets[a] + first.bytes <= plan.bytes);
                for (b, second) in tensors.iter().enumerate().skip(a + 1) {
                    let apart = plan.offsets[a] + first.bytes <= plan.offsets[b]
                        || plan.offsets[b] + second.bytes <= plan.offsets[a];
                    assert!(apart || !first.meets(second));
                }
            }
        }
        assert!(at_the_bound >= 195, "{at_the_bound} of 200 need no more than they must");
    }

    /// The lowest plan of all: every order of stacking.
    fn brute_force(tensors: &[Lifetime], order: &mut Vec<usize>, offsets: &mut Vec<usize>) -> usize {
        if order.len() == tensors.len() {
            return order.iter().map(|&index| offsets[index] + tensors[index].aligned_bytes()).max().unwrap_or(0);
        }
        let mut lowest = usize::MAX;
        for index in 0..tensors.len() {
            if !order.contains(&index) {
                let below = order.iter().filter(|&&other| tensors[other].meets(&tensors[index]));
                offsets[index] = below.map(|&other| offsets[other] + tensors[other].aligned_bytes()).max().unwrap_or(0);
                order.push(index);
                lowest = lowest.min(brute_force(tensors, order, offsets));
                order.pop();
            }
        }
        lowest
    }

    #[test]
    fn no_small_plan_could_be_smaller() {
        let mut random = StdRng::seed_from_u64(2);
        let mut better_than_greedy = 0;
        for _ in 0..300 {
            let tensors = random_tensors(&mut random, 8, 6, 5, 80);
            let plan = plan(&tensors);
            assert_eq!(plan.bytes, brute_force(&tensors, &mut Vec::new(), &mut vec![0; tensors.len()]), "{tensors:?}");
            better_than_greedy += usize::from(plan.bytes < greedily(&tensors).1);
        }
        assert!(better_than_greedy > 0, "the greedy plans were all the best: try others");
    }
}
