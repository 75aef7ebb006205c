//! How long work takes: medians over many runs of a warm program, each as long as the clock can tell.

use super::Stage;
use moodbox_shared::model::{MAX_ARENA_BYTES, Model};
use moodbox_shared::nn::{Arena, Isa};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long work is done before it is measured: caches are filled, and the processor is at its pace.
const WARM_UP: Duration = Duration::from_millis(50);

/// Shorter work is done so often between two looks at the clock that it takes this long: a look costs some 50 ns.
const SHORTEST_RUN: Duration = Duration::from_micros(20);

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Runs of each stage.
    pub runs: usize,
    /// No stage takes longer than this: a slow one is run less often.
    pub limit: Duration,
}

/// What a stage costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Half of the runs took no longer, in microseconds.
    pub median_us: f64,
    /// 99 of 100 runs took no longer, in microseconds.
    pub p99_us: f64,
    /// Requests for memory of a run; a fraction counts as a whole.
    pub allocations: u64,
    /// Runs that were measured.
    pub runs: usize,
}

/// Measures a stage.
///
/// * `allocations`: how many requests for memory this program has made so far
pub fn measure(stage: &mut Stage, effort: Effort, allocations: impl Fn() -> u64) -> Cost {
    let batch = warm_up(|| stage.run());
    let mut times = Vec::with_capacity(effort.runs);
    let begun = Instant::now();
    let before = allocations();
    while is_wanted(times.len(), begun, effort) {
        let start = Instant::now();
        (0..batch).for_each(|_| stage.run());
        times.push(us(start.elapsed()) / f64::from(batch));
    }
    let requests = allocations() - before;
    times.sort_by(f64::total_cmp);
    let runs = times.len();
    Cost {
        median_us: quantile(&times, 50),
        p99_us: quantile(&times, 99),
        allocations: requests.div_ceil(u64::from(batch) * runs as u64),
        runs,
    }
}

/// Median time of each layer of a network in microseconds, in the order in which they run, without what the clock costs.
pub fn measure_layers(model: &Model<'_>, isa: Isa, effort: Effort) -> Vec<f64> {
    let (network, mut arena) = (model.network(), Box::new(Arena::<MAX_ARENA_BYTES>::new()));
    warm_up(|| {
        black_box(network.run(isa, &mut arena[..]).len());
    });
    let mut times: Vec<Vec<f64>> = model.header().plan.summaries().map(|_| Vec::with_capacity(effort.runs)).collect();
    let begun = Instant::now();
    let mut runs = 0;
    while is_wanted(runs, begun, effort) {
        let mut last = Instant::now();
        network.run_observed(isa, black_box(&mut arena[..]), |layer, _| {
            let took = last.elapsed();
            times[layer].push(us(took));
            last = Instant::now();
        });
        runs += 1;
    }
    let clock = cost_of_clock();
    let median = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        (quantile(&times, 50) - clock).max(0.0)
    };
    times.into_iter().map(median).collect()
}

fn is_wanted(runs: usize, begun: Instant, effort: Effort) -> bool {
    runs < effort.runs && (runs == 0 || begun.elapsed() < effort.limit)
}

/// Does the work for a while, and returns how often it is to be done between two looks at the clock.
fn warm_up(mut work: impl FnMut()) -> u32 {
    work();
    let (mut batch, mut fastest_us) = (1u32, f64::INFINITY);
    let begun = Instant::now();
    // Whoever interrupts this once does not do so all the time.
    for round in 0u32.. {
        let start = Instant::now();
        (0..batch).for_each(|_| work());
        let took = start.elapsed();
        fastest_us = fastest_us.min(us(took) / f64::from(batch));
        if took < SHORTEST_RUN {
            batch *= 2;
        } else if round >= 2 && begun.elapsed() >= WARM_UP {
            break;
        }
    }
    (us(SHORTEST_RUN) / fastest_us).ceil().max(1.0) as u32
}

/// Median time between two looks at the clock, in microseconds.
fn cost_of_clock() -> f64 {
    let mut times: Vec<f64> = (0..1_001).map(|_| us(Instant::now().elapsed())).collect();
    times.sort_by(f64::total_cmp);
    quantile(&times, 50)
}

/// The smallest of `sorted` that `percent` of them don't exceed; zero where there are none.
fn quantile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

fn us(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn quantiles_are_those_of_the_nearest_rank() {
        let times: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!([50, 99, 100].map(|percent| quantile(&times, percent)), [100.0, 198.0, 200.0]);
        assert_eq!(quantile(&times[..1], 99), 1.0);
        assert_eq!(quantile(&[], 50), 0.0);
    }

    #[test]
    fn short_work_is_done_in_batches_and_long_work_once() {
        assert_eq!(warm_up(|| std::thread::sleep(Duration::from_millis(1))), 1);
        assert!(warm_up(|| _ = black_box(1)) > 10);
    }

    #[test]
    fn one_request_for_memory_in_many_runs_is_not_lost() {
        let effort = Effort { runs: 20, limit: Duration::from_secs(60) };
        let mut stage = Stage::new("idle", || {});
        let requests = Cell::new(7);
        let cost = measure(&mut stage, effort, || requests.replace(8));
        assert_eq!((cost.allocations, cost.runs), (1, 20));
        assert_eq!(measure(&mut stage, effort, || 7).allocations, 0);
    }

    #[test]
    fn slow_work_ends_in_time() {
        let mut stage = Stage::new("slow", || std::thread::sleep(Duration::from_millis(30)));
        let cost = measure(&mut stage, Effort { runs: 1_000, limit: Duration::from_millis(100) }, || 0);
        assert!((1..=4).contains(&cost.runs), "{cost:?}");
        assert!(cost.p99_us >= cost.median_us && cost.median_us >= 30_000.0, "{cost:?}");
    }
}
