//! `moodbox bench`: every stage is there, with figures that make sense. How large they are depends on the machine, and is no matter of tests.

mod support;

use moodbox_shared::Emotion;
use moodbox_shared::model::Task;
use serde_json::Value;
use std::process::{Command, Output};
use tempfile::TempDir;

/// All stages, in the order in which the data meets them.
const STAGES: [&str; 13] = [
    "luma",
    "face_detector",
    "crop",
    "face_quality",
    "face_input",
    "face_net",
    "gate",
    "speech_features_hop",
    "speech_features_window",
    "speech_input",
    "speech_net",
    "decision",
    "link",
];

/// Runs `moodbox bench` with two small networks.
fn bench(arguments: &str) -> Output {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("face.moodnet"), support::one_track_mind(Task::Face, Emotion::Happy)).unwrap();
    std::fs::write(folder.path().join("speech.moodnet"), support::one_track_mind(Task::Speech, Emotion::Sad)).unwrap();
    let models = "--face-model face.moodnet --speech-model speech.moodnet";
    moodbox(&format!("bench --runs 3 {models} {arguments}")).current_dir(&folder).output().unwrap()
}

fn moodbox(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_moodbox"));
    command.args(arguments.split_whitespace());
    command
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("{key} of {value}"))
}

/// What holds of every report.
fn makes_sense(report: &Value) {
    for key in ["version", "cpu", "isa", "face_model", "speech_model"] {
        assert!(!report[key].as_str().unwrap().is_empty(), "{key}");
    }
    let stages = report["stages"].as_array().unwrap();
    let names: Vec<&str> = stages.iter().map(|stage| stage["name"].as_str().unwrap()).collect();
    assert_eq!(names, [&STAGES[..], &["step"]].concat());
    for stage in stages {
        assert!(number(stage, "median_us") > 0.0, "{stage}");
        assert!(number(stage, "p99_us") >= number(stage, "median_us"), "{stage}");
        let allocates = number(stage, "allocations") > 0.0;
        assert_eq!(allocates, stage["name"] == "face_detector", "{stage}");
        assert_eq!(stage["layers"].is_array(), stage["name"].as_str().unwrap().ends_with("_net"), "{stage}");
    }
    for network in stages.iter().filter(|stage| stage["layers"].is_array()) {
        let layers = network["layers"].as_array().unwrap();
        let sum: f64 = layers.iter().map(|layer| number(layer, "mmac")).sum();
        assert!((sum - number(network, "mmac")).abs() < 1e-9, "{network}");
        for (index, layer) in layers.iter().enumerate() {
            assert_eq!(layer["index"], index);
            assert_eq!(layer["output"].as_array().unwrap().len(), 3);
            assert!(number(layer, "median_us") >= 0.0 && number(layer, "mmac_per_s") >= 0.0, "{layer}");
        }
    }
}

#[test]
fn every_stage_is_measured() {
    let report = json(&bench("--json"));
    makes_sense(&report);
    assert_eq!(report["runs"], 3);
    let layers = &report["stages"][5]["layers"];
    assert_eq!(layers[0]["operation"], "global_average_pool");
    assert_eq!((&layers[1]["operation"], &layers[1]["output"]), (&"dense".into(), &serde_json::json!([1, 1, 7])));
}

#[cfg(feature = "embedded-models")]
#[test]
fn the_shipped_networks_are_measured_layer_by_layer() {
    let report = json(&moodbox("bench --runs 2 --json").output().unwrap());
    makes_sense(&report);
    let stages = report["stages"].as_array().unwrap();
    for network in stages.iter().filter(|stage| stage["layers"].is_array()) {
        assert!(number(network, "mmac") > 1.0 && number(network, "mmac_per_s") > 0.0);
        assert_eq!(network["layers"][0]["operation"], "conv2d");
    }
}

#[test]
fn people_get_a_table() {
    let output = bench("");
    assert!(output.status.success());
    let table = String::from_utf8(output.stdout).unwrap();
    for stage in STAGES.iter().chain(&["step"]) {
        assert!(table.lines().any(|line| line.starts_with(&format!("{stage} "))), "{stage} in {table}");
    }
    assert!(table.contains("   1 dense 1×1×7 "), "{table}");
    assert!(table.contains("median µs") && table.contains("allocations"), "{table}");
}

#[test]
fn instructions_are_chosen_by_name() {
    assert_eq!(json(&bench("--json --isa scalar"))["isa"], "scalar");
    let output = bench("--isa abacus");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    assert!(said.contains("`abacus`") && said.contains("--isa scalar"), "{said}");
}

#[test]
fn a_model_in_the_wrong_place_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("speech.moodnet");
    std::fs::write(&path, support::one_track_mind(Task::Speech, Emotion::Sad)).unwrap();
    let output = moodbox("bench --face-model").arg(path).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("not a model for face"), "{output:?}");
}
