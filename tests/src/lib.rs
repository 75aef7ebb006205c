//! What the integration tests and the measurements of Moodbox share.

pub mod cable;
pub mod counting_allocator;
pub mod hearing;
pub mod inputs;
pub mod noise;
pub mod peer;
pub mod response;
pub mod scene;

use std::path::PathBuf;

/// The folder of data sets beside the repository.
///
/// Tests that use it carry `#[cfg_attr(not(moodbox_data), ignore = "needs ../shared/data")]`.
pub fn data_dir() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data"))
}

/// The folder of golden vectors.
pub fn golden_dir() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/golden"))
}

/// Where `measure` keeps its reports.
pub fn reports_dir() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/reports"))
}

/// What talks to Moodbox in other languages, or is compared with it.
pub fn peers_dir() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/peers"))
}

/// The shipped models.
pub fn models_dir() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../models"))
}

/// A program of the workspace, `moodbox` or `moodbox-trainer`, built in the same profile as the test that asks.
///
/// `cargo test --workspace` builds both. Where only this crate is tested, they must have been built before.
pub fn program(name: &str) -> PathBuf {
    // Tests run as target/<profile>/deps/<test>.
    let test = std::env::current_exe().expect("a running test has a path");
    let program = test.ancestors().nth(2).expect("two folders up").join(name);
    assert!(
        program.is_file(),
        "{} is missing: run `cargo test --workspace`, or `cargo build --workspace` first",
        program.display()
    );
    program
}

/// Runs `work` on a thread with a large stack: a build without optimisation moves a whole pipeline over it several times.
pub fn on_a_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    const BYTES: usize = 16 << 20;
    std::thread::scope(|scope| {
        let thread =
            std::thread::Builder::new().stack_size(BYTES).spawn_scoped(scope, work).expect("room for a thread");
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
