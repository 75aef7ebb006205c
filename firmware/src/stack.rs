//! How much stack something takes, measured.
//!
//! A thread begins with a stack of which nothing is in memory; the system brings a page of it in when the page is touched for the first
//! time. So the pages that are there afterwards are those that were used. Linux only; in whole pages, so rather too much than too little.

use rustix::param::page_size;
use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt;
use std::ptr::from_ref;
use std::thread;

/// Stack of the thread that is measured on: less than a huge page, which would come in as a whole.
const STACK_BYTES: usize = (2 << 20) - (64 << 10);

/// Most that is measured.
const MAX_BYTES: usize = 512 << 10;

/// Bytes of a page's entry in `/proc/self/pagemap`.
const ENTRY_BYTES: usize = 8;

/// Either of these says of an entry that its page has been used: it lies in memory, or in the swap.
const IS_USED: u64 = 1 << 63 | 1 << 62;

/// Bytes of stack that `work` takes on a thread of its own, or a page more.
///
/// `None` where the system does not say, or the thread can't be had.
pub fn taken_by(work: impl FnOnce() + Send) -> Option<usize> {
    let on_thread = || {
        let pages = File::open("/proc/self/pagemap").ok()?;
        let mut entries = vec![0; (MAX_BYTES / page_size()) * ENTRY_BYTES];
        // What is called from here on lies below this.
        let here = 0u8;
        let top = from_ref(black_box(&here)).addr();
        run(work);
        used_below(top, &pages, &mut entries)
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK_BYTES);
        thread.spawn_scoped(scope, on_thread).ok()?.join().ok()?
    })
}

/// In a frame of its own.
#[inline(never)]
fn run(work: impl FnOnce()) {
    work();
    // Not in place of this frame, but within it.
    black_box(());
}

/// Bytes that have been used below an address, one page after the other.
///
/// * `entries`: memory for the entries of all pages that are looked at
fn used_below(top: usize, pages: &File, entries: &mut [u8]) -> Option<usize> {
    let (page, within) = (top / page_size(), top % page_size());
    let count = entries.len() / ENTRY_BYTES;
    let first = page.checked_sub(count)?;
    pages.read_exact_at(entries, (first * ENTRY_BYTES) as u64).ok()?;
    let entries = entries.as_chunks::<ENTRY_BYTES>().0.iter().rev();
    let used = entries.take_while(|&&entry| u64::from_ne_bytes(entry) & IS_USED != 0).count();
    // All in use: pages are not brought in one by one here. None: these are not the pages of this program.
    (1..count).contains(&used).then_some(used * page_size() + within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[inline(never)]
    fn fill<const BYTES: usize>() {
        black_box([1u8; BYTES]);
    }

    #[test]
    fn stack_is_measured_to_a_page() {
        let room = 2 * page_size();
        for (work, bytes) in [(fill::<20_000> as fn(), 20_000), (fill::<200_000>, 200_000), (fill::<70_000>, 70_000)] {
            let taken = taken_by(work).unwrap();
            // An unoptimised program holds a copy, too.
            assert!((bytes..2 * bytes + room).contains(&taken), "{taken} bytes instead of {bytes}");
        }
    }

    #[test]
    fn more_than_can_be_seen_is_not_guessed() {
        assert_eq!(taken_by(fill::<{ MAX_BYTES + 100_000 }>), None);
    }
}
