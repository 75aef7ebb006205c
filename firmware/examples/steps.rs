//! Takes steps of the inner loop with the embedded networks, for those who count instructions: a YUYV frame with a face at a known place,
//! two hops of sound, and the decision. The face detector is left out.
//!
//! ```text
//! cargo run --release -p moodbox --example steps -- 100
//! ```

use moodbox::bench::Step;
use moodbox::models;
use moodbox::start::Networks;
use moodbox_shared::model::Task;
use moodbox_shared::nn::Isa;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let steps: u64 = std::env::args().nth(1).ok_or("usage: steps COUNT")?.parse()?;
    let isa = Isa::best();
    let networks = Networks {
        face: Some(models::open_for_good(Task::Face, None, isa)?),
        speech: Some(models::open_for_good(Task::Speech, None, isa)?),
    };
    let mut step = Step::new(networks, isa)?;
    (0..steps).for_each(|_| step.take());
    Ok(())
}
