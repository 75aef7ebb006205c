//! The LEDs' thread asks for no memory once it drives its pins: it counts for itself, and writes down what it counted.

use moodbox::config::{LedLayout, LedSettings, LedSink, PinDriver};
use moodbox::indicator::pin_leds::PinLeds;
use moodbox::indicator::pins::{Pins, Wiring};
use moodbox::indicator::{Indicator, IndicatorError, Scene};
use moodbox_shared::SpeechPosteriors;
use moodbox_shared::decision::{Decision, Verdict};
use moodbox_shared::link::Status;
use moodbox_tests::counting_allocator::{CountingAllocator, allocations, counting};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// What the thread counts of itself.
#[derive(Default)]
struct Counts {
    writes: AtomicU64,
    at_first_write: AtomicU64,
    at_last_write: AtomicU64,
}

struct CountingPins(Arc<Counts>);

impl Pins for CountingPins {
    fn write(&mut self, _: u16) -> Result<(), IndicatorError> {
        if self.0.writes.load(Ordering::Relaxed) == 0 {
            self.0.at_first_write.store(allocations(), Ordering::Relaxed);
        }
        self.0.at_last_write.store(allocations(), Ordering::Relaxed);
        self.0.writes.fetch_add(1, Ordering::Release);
        Ok(())
    }
}

#[test]
fn neither_who_shows_nor_the_leds_own_thread_allocates() {
    const WRITES: u64 = 1_000;
    let layout = LedLayout::Rgb([17, 27, 22]);
    let sink = LedSink::Pins { driver: PinDriver::Rppal, layout };
    let settings = LedSettings { sink, status_pin: Some(4), is_active_low: false };
    let wiring = Wiring::new(&settings).expect("different pins").expect("pins");
    let counts = Arc::new(Counts::default());
    let pins = CountingPins(Arc::clone(&counts));
    let mut leds = PinLeds::start(Box::new(pins), layout, wiring).expect("a thread");

    // Every verdict, at a brightness that dims: the thread writes at the edges of each period by itself.
    let status = Status { brightness_percent: 40, ..Status::default() };
    let deadline = Instant::now() + Duration::from_secs(60);
    let ((), by_who_shows) = counting(|| {
        for (step, verdict) in Verdict::ALL.into_iter().cycle().enumerate() {
            let decision =
                Decision { verdict, fused: Some(SpeechPosteriors::uniform()), ..Decision::nobody(step as u64 * 33) };
            leds.show(&Scene { time_ms: decision.time_ms, decision: &decision, status: &status }).expect("pins work");
            if counts.writes.load(Ordering::Acquire) >= WRITES {
                break;
            }
            assert!(Instant::now() < deadline, "the pins stand still");
            thread::sleep(Duration::from_millis(5));
        }
    });
    drop(leds);
    let [first, last] = [&counts.at_first_write, &counts.at_last_write].map(|count| count.load(Ordering::Relaxed));
    println!(
        "{} writes, {} allocations of the thread, {by_who_shows} beside",
        counts.writes.load(Ordering::Relaxed),
        last - first
    );
    assert!(first > 0, "the thread's start does allocate, and is counted");
    assert_eq!((last - first, by_who_shows), (0, 0));
}
