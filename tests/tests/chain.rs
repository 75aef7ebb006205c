//! The whole chain on real input: a picture and a clip go in at one end, decoded link messages come out at the other.

use image::imageops::{FilterType, overlay, resize};
use image::{GrayImage, Luma};
use moodbox_shared::link::{LinkReader, Message, PROTOCOL_VERSION, Packet};
use moodbox_shared::model::{Model, Task};
use moodbox_tests::{data_dir, models_dir, program};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn run(name: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program(name)).args(arguments).output().expect("the program starts");
    assert!(output.status.success(), "{name} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn text(path: &Path) -> &str {
    path.to_str().expect("plain names")
}

fn json_lines(bytes: &[u8]) -> Vec<Value> {
    bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).expect("one JSON object a line"))
        .collect()
}

fn packets(bytes: &[u8]) -> Vec<Packet> {
    let mut reader = LinkReader::new();
    bytes.iter().filter_map(|&byte| reader.push(byte)).map(|packet| packet.expect("an undamaged frame")).collect()
}

/// A FER2013 picture, four times as large, set into a grey 640×480 frame.
fn frame_with_face(picture: &Path, left: i64, top: i64) -> GrayImage {
    let face = image::open(picture).expect("a picture").to_luma8();
    let mut frame = GrayImage::from_pixel(640, 480, Luma([110]));
    overlay(&mut frame, &resize(&face, 192, 192, FilterType::Triangle), left, top);
    frame
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

#[test]
#[cfg_attr(not(moodbox_data), ignore = "needs ../shared/data")]
fn a_real_face_and_a_real_voice_become_decoded_messages() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let frames = place.path().join("frames");
    fs::create_dir(&frames).expect("a writable folder");
    // The detector misses about one in six of such pictures; among these some are found for certain.
    for (index, picture) in files(&data_dir().join("fer2013/validation/happy")).iter().take(6).enumerate() {
        let frame = frame_with_face(picture, 220, 140);
        for repeat in 0..10 {
            frame.save(frames.join(format!("{index:02}-{repeat:02}.png"))).expect("a writable file");
        }
    }
    let clip = data_dir().join("ravdess/Actor_01/03-01-03-02-01-01-01.flac");
    let wire = place.path().join("wire");
    fs::write(&wire, []).expect("a writable file");
    let camera = format!("file:{}", text(&frames));
    let microphone = format!("file:{}", text(&clip));
    let printed =
        run("moodbox", &["run", "--camera", &camera, "--microphone", &microphone, "--serial", text(&wire), "--json"])
            .stdout;

    let sent = packets(&fs::read(&wire).expect("written"));
    assert!(sent.iter().map(|packet| packet.sequence).eq(0..sent.len() as u32), "nothing is lost");
    assert!(sent.windows(2).all(|pair| pair[0].time_ms <= pair[1].time_ms), "time does not run backwards");
    let Message::Hello(hello) = &sent[0].message else { panic!("the first packet is {:?}", sent[0]) };
    assert_eq!(hello.protocol, PROTOCOL_VERSION);
    let shipped = |name: &str| fs::read(models_dir().join(name)).expect("a shipped model");
    assert_eq!(hello.face_model, Some(Model::load(&shipped("face.moodnet")).expect("loads").crc32()));
    assert_eq!(hello.speech_model, Some(Model::load(&shipped("speech.moodnet")).expect("loads").crc32()));

    let decisions: Vec<_> = sent
        .iter()
        .filter_map(|packet| if let Message::Decision(decision) = &packet.message { Some(decision) } else { None })
        .collect();
    let faces: Vec<_> = decisions.iter().filter_map(|decision| decision.face).collect();
    let happy = faces.iter().filter(|face| face[1] == face.iter().copied().fold(0.0, f32::max)).count();
    assert!(faces.len() >= 20, "a face in {} of {} decisions", faces.len(), decisions.len());
    assert!(2 * happy > faces.len(), "{happy} of {} faces look happy", faces.len());
    for face_box in decisions.iter().filter_map(|decision| decision.face_box) {
        let (x, y) = (face_box.x + face_box.width / 2, face_box.y + face_box.height / 2);
        assert!((276..=356).contains(&x) && (196..=276).contains(&y), "{face_box:?}");
    }
    assert!(decisions.iter().any(|decision| decision.speech.is_some()), "the voice is heard");
    assert!(decisions.iter().any(|decision| decision.verdict.emotion().is_some()), "an emotion is shown");

    // What is printed, what a listener reads off the wire and what was decoded here is the same.
    let wire_arguments = ["listen", "--serial", text(&wire), "--json"];
    let printed = json_lines(&printed);
    assert_eq!(printed, json_lines(&run("moodbox", &wire_arguments).stdout));
    assert_eq!(printed.len(), sent.len());
    for (line, packet) in printed.iter().zip(&sent) {
        assert_eq!(line["sequence"], packet.sequence);
        assert_eq!(line["time_ms"], packet.time_ms);
        let name = match packet.message {
            Message::Hello(_) => "hello",
            Message::Decision(_) => "decision",
            Message::Event(_) => "event",
            Message::Heartbeat(_) => "heartbeat",
            Message::Status(_) => "status",
            Message::Pong(_) => "pong",
        };
        assert_eq!(line["type"], name);
    }
}

/// The figures that stand beside a model, and the same command once more.
fn card_and_repetition(card: &Path, arguments: &[&str]) -> (Value, Value) {
    let card = fs::read_to_string(card).expect("figures beside the model");
    let again = run("moodbox-trainer", &[&["evaluate", "--json"], arguments].concat()).stdout;
    (serde_json::from_str(&card).expect("JSON"), serde_json::from_slice(&again).expect("JSON"))
}

#[test]
#[cfg_attr(not(moodbox_data), ignore = "needs ../shared/data")]
fn evaluation_repeats_the_face_models_card() {
    let (model, data) = (models_dir().join("face.moodnet"), data_dir().join("fer2013"));
    let arguments = ["--model", text(&model), "--data", text(&data), "--part", "validation", "--labels", "ferplus"];
    let (card, again) = card_and_repetition(&models_dir().join("face.json"), &arguments);
    assert_eq!(card, again);
    assert!(card["accuracy"].as_f64().expect("a number") >= 0.80);
}

#[test]
#[cfg_attr(not(moodbox_data), ignore = "needs ../shared/data")]
fn evaluation_repeats_the_card_of_the_network_for_fer2013s_labels() {
    let (model, data) = (models_dir().join("face-fer2013.moodnet"), data_dir().join("fer2013"));
    let arguments = ["--model", text(&model), "--data", text(&data), "--part", "validation"];
    let (card, again) = card_and_repetition(&models_dir().join("face-fer2013.json"), &arguments);
    assert_eq!(card, again);
    assert!(card["accuracy"].as_f64().expect("a number") >= 0.60);
}

/// The shipped speech network has heard all speakers at hand, so that nothing is left to score it on. Its sibling, made by the same recipe, has not
/// heard those of one published fold.
#[test]
#[cfg_attr(not(moodbox_data), ignore = "needs ../shared/data")]
fn evaluation_repeats_the_figures_of_a_fold() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let (model, data) = (golden.join("speech_fold4.moodnet"), data_dir().join("ravdess"));
    let file = fs::read(&model).expect("a model");
    let provenance = Model::load(&file).expect("loads").provenance().clone();
    assert!(provenance.split.contains("[1, 4, 9, 22] left out"), "{}", provenance.split);
    let arguments = ["--model", text(&model), "--data", text(&data), "--fold", "4"];
    let (card, again) = card_and_repetition(&golden.join("speech_fold4.json"), &arguments);
    for key in ["samples", "confusion", "per_class", "accuracy", "model_crc32"] {
        assert_eq!(card[key], again[key], "{key}");
    }
    assert!(card["accuracy"].as_f64().expect("a number") >= 0.60);
}

#[test]
fn each_model_says_what_it_is_for() {
    for (name, task) in
        [("face.moodnet", Task::Face), ("face-fer2013.moodnet", Task::Face), ("speech.moodnet", Task::Speech)]
    {
        let file = fs::read(models_dir().join(name)).expect("a shipped model");
        let model = Model::load(&file).expect("loads");
        assert_eq!(model.task(), task);
        assert!(!model.provenance().command.is_empty() && !model.provenance().split.is_empty());
    }
}
