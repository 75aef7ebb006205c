//! The memory in which a network computes: one block, made once, owned by the caller.

use core::ops::{Deref, DerefMut};

/// Alignment of an [`Arena`] and of every tensor in it, in bytes.
pub const ARENA_ALIGNMENT: usize = 16;

/// `BYTES` bytes for the tensors of a network, aligned to a cache line.
///
/// One arena serves several networks in turn: nothing in it outlives a run.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Arena<const BYTES: usize>([i8; BYTES]);

impl<const BYTES: usize> Arena<BYTES> {
    /// All zero; usable in a `static`.
    pub const fn new() -> Self {
        Self([0; BYTES])
    }
}

impl<const BYTES: usize> Default for Arena<BYTES> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const BYTES: usize> Deref for Arena<BYTES> {
    type Target = [i8];

    fn deref(&self) -> &[i8] {
        &self.0
    }
}

impl<const BYTES: usize> DerefMut for Arena<BYTES> {
    fn deref_mut(&mut self) -> &mut [i8] {
        &mut self.0
    }
}
