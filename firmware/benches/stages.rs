//! Time of every stage of the inner loop, on the machine at hand: the same stages as `moodbox bench`, measured by criterion.
//!
//! ```text
//! cargo bench -p moodbox
//! ```

use criterion::{Criterion, criterion_group, criterion_main};
use moodbox::bench;
use moodbox::models::{self, ModelsError};
use moodbox::start::Networks;
use moodbox_shared::model::{Model, Task};
use moodbox_shared::nn::Isa;

fn embedded(task: Task) -> Option<&'static Model<'static>> {
    match models::open_for_good(task, None, Isa::best()) {
        Ok(model) => Some(model),
        Err(error @ ModelsError::Missing { .. }) => {
            eprintln!("nothing to measure of the {task} network: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn stages(criterion: &mut Criterion) {
    let networks = Networks { face: embedded(Task::Face), speech: embedded(Task::Speech) };
    for mut stage in bench::stages(networks, Isa::best()).expect("every stage can be set up") {
        criterion.bench_function(stage.name, |bencher| bencher.iter(|| stage.run()));
    }
}

criterion_group!(all, stages);
criterion_main!(all);
