//! The built-in sample through the whole chain with the shipped networks, and with networks that have forgotten what they learned.

use moodbox_shared::model::{LayerParameters, Operation, read_header, write};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models").join(name)
}

/// The JSON objects that `moodbox demo` prints.
fn demo(arguments: &[&str]) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_moodbox")).args(["demo", "--json"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What was meant and what was shown, decision by decision.
fn decisions(objects: &[Value]) -> Vec<(&str, &str)> {
    let decisions = objects.iter().filter(|object| object["type"] == "decision");
    decisions.map(|object| (object["intended"].as_str().unwrap(), object["verdict"].as_str().unwrap())).collect()
}

/// The model with the weights of each layer in reverse order: as many, as large, and meaningless.
fn shuffled(file: &[u8]) -> Vec<u8> {
    let (mut header, data) = read_header(file).unwrap();
    let (plan, mut shuffled) = (header.plan.clone(), Vec::new());
    for (index, layer) in header.plan.layers.iter_mut().enumerate() {
        let Some(mut numbers) = LayerParameters::read(&plan, index, data) else { continue };
        numbers.weights.reverse();
        let made_by = usize::from(layer.input).checked_sub(1);
        let input = made_by.map_or(plan.input.shape, |made_by| plan.layers[made_by].output.shape);
        let place = numbers.append_to(&layer.operation, input, layer.output.shape, &mut shuffled);
        if let Operation::Conv2d { parameters, .. }
        | Operation::Depthwise { parameters, .. }
        | Operation::Dense { parameters, .. } = &mut layer.operation
        {
            *parameters = place;
        }
    }
    write(&header, &shuffled).unwrap()
}

/// The record is made anew whenever features or networks change on purpose: `moodbox check --write-expected`.
#[test]
fn the_shipped_networks_say_what_is_on_record() {
    let output = Command::new(env!("CARGO_BIN_EXE_moodbox")).arg("check").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_demo_sees_every_face_and_hears_speech() {
    let objects = demo(&[]);
    let last = objects.last().unwrap();
    assert_eq!(last["type"], "heartbeat");
    assert_eq!(last["frames"], last["frames_with_face"], "every mean face is found and followed");
    assert!(last["hops_with_speech"].as_u64() > Some(100), "the synthetic voice counts as one: {last}");
    let decisions = decisions(&objects);
    let right = decisions.iter().filter(|(intended, verdict)| intended == verdict).count();
    assert!(right * 4 > decisions.len(), "{right} of {} decisions as intended", decisions.len());
}

#[test]
fn shuffled_weights_decide_otherwise() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut paths = Vec::new();
    for name in ["face.moodnet", "speech.moodnet"] {
        let path = folder.path().join(name);
        std::fs::write(&path, shuffled(&std::fs::read(shipped(name)).unwrap())).unwrap();
        paths.push(path.into_os_string().into_string().unwrap());
    }
    let learned = demo(&[]);
    let forgotten = demo(&["--face-model", &paths[0], "--speech-model", &paths[1]]);
    let (learned, forgotten) = (decisions(&learned), decisions(&forgotten));
    assert_eq!(learned.len(), forgotten.len());
    let same = learned.iter().zip(&forgotten).filter(|(one, other)| one == other).count();
    assert!(same * 2 < learned.len(), "{same} of {} decisions are the same", learned.len());
}
