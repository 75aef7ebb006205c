//! Where in the arena each tensor lies: tensors that are needed at the same time lie apart, all others may share bytes.

use moodbox_shared::nn::ARENA_ALIGNMENT;

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

/// Plans the arena: greedily, each tensor as far to the front as those placed before it allow, in several orders of which the best is
/// taken (after Pisarchyk & Lee 2020).
pub fn plan(tensors: &[Lifetime]) -> ArenaPlan {
    let by_size = |index: &usize| std::cmp::Reverse(tensors[*index].bytes);
    let by_lifetime = |index: &usize| {
        let tensor = &tensors[*index];
        std::cmp::Reverse((tensor.dies - tensor.born + 1) * tensor.bytes)
    };
    let in_order: Vec<usize> = (0..tensors.len()).collect();
    let mut orders = [in_order.clone(), in_order.clone(), in_order];
    orders[1].sort_by_key(by_size);
    orders[2].sort_by_key(by_lifetime);
    let plans = orders.iter().map(|order| place(tensors, order));
    let (offsets, bytes) = plans.min_by_key(|(_, bytes)| *bytes).unwrap_or_default();
    ArenaPlan { offsets, bytes, lower_bound: lower_bound(tensors) }
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

fn lower_bound(tensors: &[Lifetime]) -> usize {
    let steps = tensors.iter().map(|tensor| tensor.dies + 1).max().unwrap_or(0);
    let alive = |step: usize| tensors.iter().filter(move |tensor| (tensor.born..=tensor.dies).contains(&step));
    (0..steps).map(|step| alive(step).map(Lifetime::aligned_bytes).sum()).max().unwrap_or(0)
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

    #[test]
    fn tensors_needed_together_lie_apart() {
        let mut random = StdRng::seed_from_u64(1);
        for _ in 0..200 {
            let tensors: Vec<Lifetime> = (0..random.random_range(1..30))
                .map(|_| {
                    let born = random.random_range(0..20);
                    let dies = born + random.random_range(0..4);
                    Lifetime { bytes: random.random_range(1..500), born, dies }
                })
                .collect();
            let plan = plan(&tensors);
            assert!(plan.bytes >= plan.lower_bound);
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
    }
}
