//! The fuzzer's corpus, replayed without the fuzzer: what it found interesting is refused, or runs and gives the same numbers on every set
//! of instructions.

#[path = "../../fuzz/src/infer.rs"]
mod infer;

use infer::Outcome;
use moodbox_shared::model::Model;
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn the_corpus_runs_and_has_every_operation() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/model");
    let (mut files, mut ran, mut operations) = (0, 0, BTreeSet::new());
    for entry in std::fs::read_dir(folder).expect("the corpus is part of the repository") {
        let file = std::fs::read(entry.expect("a readable folder").path()).expect("a readable file");
        files += 1;
        if infer::load_and_infer(&file) == Outcome::Ran {
            ran += 1;
            let model = Model::load(&file).expect("it has just run");
            operations.extend(model.header().plan.summaries().map(|layer| layer.operation));
        }
    }
    // The others are refused, each for a reason of its own. A file format of another version makes them all worthless: `fuzz/README.md` tells
    // how to begin anew.
    assert!(5 * ran > files, "of {files} files only {ran} load and run: make the corpus again");
    let all = ["add", "average_pool", "concat", "conv2d", "dense", "depthwise", "global_average_pool", "max_pool"];
    assert_eq!(operations.into_iter().collect::<Vec<_>>(), all);
}
