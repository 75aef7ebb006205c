//! An allocator that counts, so that "does not allocate" is a measurement.
//!
//! Counts are kept by thread, so that what other tests of the same program do at the same time does not disturb, and for the whole process,
//! but for what is counted apart. A program that counts says
//!
//! ```text
//! #[global_allocator]
//! static ALLOCATOR: CountingAllocator = CountingAllocator;
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

static OF_PROCESS: AtomicU64 = AtomicU64::new(0);
static OF_PROCESS_APART: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static IS_APART: Cell<bool> = const { Cell::new(false) };
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static ALLOCATED_BYTES: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting requests for memory: new blocks and blocks that change their size.
pub struct CountingAllocator;

// SAFETY: every call is handed on to the system's allocator as it came; the counter is a plain cell that needs no memory of its own.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size);
        // SAFETY: the caller keeps the contract of `realloc`; the block came from the system's allocator.
        unsafe { System.realloc(block, layout, new_size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`; the block came from the system's allocator.
        unsafe { System.dealloc(block, layout) }
    }
}

fn count(bytes: usize) {
    let is_apart = IS_APART.try_with(Cell::get).unwrap_or(false);
    if is_apart { &OF_PROCESS_APART } else { &OF_PROCESS }.fetch_add(1, Ordering::Relaxed);
    // A thread that is ending has no counter any more, and nobody who would read it.
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
    let _ = ALLOCATED_BYTES.try_with(|allocated| allocated.set(allocated.get() + bytes as u64));
}

/// Requests for memory that this thread has made since it started; 0 where the program has another allocator.
pub fn allocations() -> u64 {
    ALLOCATIONS.get()
}

/// Bytes that this thread has asked for since it started, given back or not; a block that changes its size counts anew.
pub fn allocated_bytes() -> u64 {
    ALLOCATED_BYTES.get()
}

/// Runs `work` and counts the requests for memory that it makes on this thread.
pub fn counting<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = allocations();
    let result = work();
    (result, allocations() - before)
}

/// Requests for memory that all threads have made, but for those made in [`apart`].
pub fn process_allocations() -> u64 {
    OF_PROCESS.load(Ordering::Relaxed)
}

/// Requests for memory that all threads have made in [`apart`].
pub fn process_allocations_apart() -> u64 {
    OF_PROCESS_APART.load(Ordering::Relaxed)
}

/// Runs `work`, whose requests for memory count apart from those of the process.
pub fn apart<T>(work: impl FnOnce() -> T) -> T {
    let before = IS_APART.replace(true);
    let result = work();
    IS_APART.set(before);
    result
}
