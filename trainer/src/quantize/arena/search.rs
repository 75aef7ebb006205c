//! Looks for a better plan than the greedy ones: branch and bound over the order in which tensors are stacked.
//!
//! In a plan where nothing can be moved down, every tensor lies on the highest of those below it that it meets. Such a plan is known by
//! the order of its offsets, lowest first; the search goes through these orders, deepest first, and leaves an order as soon as what is
//! still to be stacked can't stay below the best plan found so far. It always takes the same way and the same number of steps at most.

use super::Lifetime;

/// Tensors that are put down before the search gives up: some tenths of a second.
const MAX_STEPS: usize = 200_000;

/// A plan lower than `best` bytes; `None` if there is none or none was found in time.
///
/// * `best`: bytes of a plan that is known
/// * `enough`: where the search may stop
/// * returns the offset of each tensor, and the bytes of all
pub(super) fn below(tensors: &[Lifetime], best: usize, enough: usize) -> Option<(Vec<usize>, usize)> {
    let layers = tensors.iter().map(|tensor| tensor.dies + 1).max()?;
    let mut left = vec![0; layers];
    for tensor in tensors {
        left[tensor.layers()].iter_mut().for_each(|bytes| *bytes += tensor.aligned_bytes());
    }
    let mut search = Search {
        tensors,
        enough,
        steps: 0,
        best,
        found: None,
        offsets: vec![None; tensors.len()],
        height: vec![0; layers],
        left,
    };
    search.stack(0, 0);
    search.found.map(|offsets| (offsets, search.best))
}

struct Search<'a> {
    tensors: &'a [Lifetime],
    enough: usize,
    steps: usize,
    /// Bytes of the best plan so far.
    best: usize,
    found: Option<Vec<usize>>,
    /// Of the tensors that are stacked.
    offsets: Vec<Option<usize>>,
    /// Where the stack ends in each layer.
    height: Vec<usize>,
    /// Bytes that are still to be stacked in each layer.
    left: Vec<usize>,
}

impl Search<'_> {
    /// Stacks the rest in every order that could be better.
    ///
    /// * `floor`: offset of the tensor stacked last, and which one it is: offsets only grow, and among equals the places in the list
    fn stack(&mut self, floor: usize, last: usize) {
        if self.offsets.iter().all(Option::is_some) {
            self.best = self.height.iter().copied().max().unwrap_or(0);
            self.found = Some(self.offsets.iter().flatten().copied().collect());
            return;
        }
        for (offset, index) in self.candidates(floor, last) {
            if self.best <= self.enough || self.steps == MAX_STEPS {
                return;
            }
            self.steps += 1;
            let tensor = self.tensors[index];
            let below = self.height[tensor.layers()].to_vec();
            self.height[tensor.layers()].fill(offset + tensor.aligned_bytes());
            self.left[tensor.layers()].iter_mut().for_each(|bytes| *bytes -= tensor.aligned_bytes());
            self.offsets[index] = Some(offset);
            if self.may_be_better(offset) {
                self.stack(offset, index);
            }
            self.offsets[index] = None;
            self.left[tensor.layers()].iter_mut().for_each(|bytes| *bytes += tensor.aligned_bytes());
            self.height[tensor.layers()].copy_from_slice(&below);
        }
    }

    /// Tensors that can come next, with their offsets: the lowest first, among equals those that take most.
    ///
    /// One that would begin above the end of another is left out: that other could be moved below it at no cost.
    fn candidates(&self, floor: usize, last: usize) -> Vec<(usize, usize)> {
        let open = (0..self.tensors.len()).filter(|&index| self.offsets[index].is_none());
        let on_stack = |index: usize| self.height[self.tensors[index].layers()].iter().copied().max().unwrap_or(0);
        let all: Vec<(usize, usize)> = open.map(|index| (on_stack(index), index)).collect();
        let ends = all.iter().map(|&(offset, index)| offset + self.tensors[index].aligned_bytes());
        let lowest_end = ends.min().unwrap_or(0);
        let mut candidates = all;
        candidates.retain(|&(offset, index)| offset < lowest_end && (offset, index) >= (floor, last));
        let takes = |index: usize| self.tensors[index].aligned_bytes() * self.tensors[index].layers().len();
        candidates.sort_by_key(|&(offset, index)| (offset, std::cmp::Reverse(takes(index)), index));
        candidates
    }

    /// Whether no layer is already as high as the best plan, with what is left for it put on top.
    fn may_be_better(&self, floor: usize) -> bool {
        let bytes = |(&height, &left): (&usize, &usize)| if left == 0 { height } else { height.max(floor) + left };
        self.height.iter().zip(&self.left).map(bytes).all(|bytes| bytes < self.best)
    }
}
