//! Networks of the user's own, as ONNX: with `--engine tract` in a build that has it, and a line that says what to do everywhere else.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn model(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models").join(name)
}

fn demo(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_moodbox"));
    command.args(["demo", "--fast", "--json"]).args(arguments).output().unwrap()
}

/// Exit code 2 and one line with these words.
#[track_caller]
fn refused(arguments: &[&str], words: &[&str]) {
    let output = demo(arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert_eq!(message.trim_end().lines().count(), 1, "{message}");
    for word in words {
        assert!(message.contains(word), "{word}: {message}");
    }
}

#[test]
fn an_onnx_network_without_the_engine_is_refused() {
    let path = model("face.onnx");
    refused(&["--face-model", path.to_str().unwrap()], &["face.onnx is an ONNX network", "--engine tract", ".moodnet"]);
}

#[cfg(not(feature = "tract"))]
#[test]
fn a_build_without_the_engine_says_how_to_get_it() {
    let path = model("face.onnx");
    refused(&["--engine", "tract", "--face-model", path.to_str().unwrap()], &["--features tract"]);
}

#[cfg(feature = "tract")]
mod tract {
    use super::{demo, model, refused};
    use moodbox::onnx::{OnnxError, load};
    use moodbox_shared::model::metadata::MetadataError;
    use moodbox_shared::model::{ModelError, Task};
    use std::fs;
    use std::process::Command;

    fn bytes(name: &str) -> Vec<u8> {
        fs::read(model(name)).unwrap()
    }

    fn error(task: Task, file: &[u8]) -> OnnxError {
        load(task, file).err().expect("refused")
    }

    /// What a box shows of the sample: each event's phase and emotion.
    fn shown(arguments: &[&str]) -> Vec<String> {
        let output = demo(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let packets = output.stdout.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        let packets = packets.map(|line| serde_json::from_slice::<serde_json::Value>(line).unwrap());
        let events = packets.filter(|packet| packet["type"] == "event");
        events.map(|event| format!("{} {}", event["phase"], event["verdict"])).collect()
    }

    /// The twins compute the very numbers of the int8 networks. In floating point the box may be unsure between two emotions for a moment more, or less.
    #[test]
    fn the_shipped_networks_as_onnx_show_what_the_int8_networks_show() {
        let onnx = |kind: &str| {
            let [face, speech] = ["face", "speech"].map(|task| model(&format!("{task}.{kind}")));
            let networks = ["--face-model", face.to_str().unwrap(), "--speech-model", speech.to_str().unwrap()];
            shown(&[&["--engine", "tract"], &networks[..]].concat())
        };
        let emotions = |shown: &[String]| -> Vec<String> {
            shown.iter().filter(|event| !event.contains("unsure")).cloned().collect()
        };
        let int8 = shown(&[]);
        assert!(emotions(&int8).len() > 5, "{int8:?}");
        assert_eq!(onnx("int8.onnx"), int8);
        assert_eq!(emotions(&onnx("onnx")), emotions(&int8));
    }

    #[test]
    fn the_self_test_says_what_it_does_not_try() {
        let [face, speech] = ["face.onnx", "speech.onnx"].map(model);
        let mut command = Command::new(env!("CARGO_BIN_EXE_moodbox"));
        command.args(["check", "--engine", "tract", "--face-model"]).arg(face).arg("--speech-model").arg(speech);
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{said}");
        assert!(said.contains("in tract: 7 emotions") && said.contains("in tract: 8 emotions"), "{said}");
        let skipped = said.lines().filter(|line| line.starts_with('–') && line.contains("no int8 network"));
        assert_eq!(skipped.count(), 3, "{said}");
    }

    #[test]
    fn an_engine_for_nothing_is_refused() {
        refused(&["--engine", "tract"], &["--face-model FILE.onnx"]);
        let path = model("face.moodnet");
        refused(&["--engine", "tract", "--face-model", path.to_str().unwrap()], &["name one"]);
    }

    #[test]
    fn a_network_of_another_shape_is_refused_with_what_was_expected() {
        let path = model("speech.onnx");
        let arguments = ["--engine", "tract", "--face-model", path.to_str().unwrap()];
        refused(&arguments, &["speech.onnx", "a network for speech"]);
        let twin = without_metadata(&bytes("speech.int8.onnx"));
        let message = error(Task::Face, &twin).to_string();
        assert_eq!(message, "its input is F32 1×180×192×1, expected is F32 1×1×32×32");
        let message = error(Task::Speech, &without_metadata(&bytes("face.onnx"))).to_string();
        assert_eq!(message, "its input is F32 1×1×32×32, expected is F32 1×180×192×1 or F32 1×1×180×1");
    }

    /// Cuts off the tail of the file, where the trainer writes what it tells of the network.
    fn without_metadata(file: &[u8]) -> Vec<u8> {
        let start = file.windows(6).rposition(|bytes| bytes == b"\n\x04task").expect("metadata");
        file[..start - 2].to_vec()
    }

    #[test]
    fn garbage_and_truncated_files_are_refused() {
        for garbage in [&b""[..], b"ONNX", &[0xff; 100], include_bytes!("onnx.rs")] {
            error(Task::Face, garbage);
        }
        let whole = bytes("face.int8.onnx");
        let mut damaged = whole.clone();
        // The nodes stand at the beginning, then come the weights.
        for place in (0..12_000).step_by(79) {
            damaged[place] ^= 0x55;
            // Some are networks all the same; that it ends in order is what counts.
            let _ = load(Task::Face, &damaged);
            damaged[place] ^= 0x55;
        }
        for length in (0..whole.len()).step_by(whole.len() / 50) {
            assert!(!matches!(
                error(Task::Face, &whole[..length]),
                OnnxError::Metadata(MetadataError::Model(ModelError::Input))
            ));
        }
    }
}
