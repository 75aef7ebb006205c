//! A network's whole life on a data set made here: data, training, interruption, resumption, quantisation, export, evaluation, prediction, report.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Pictures that even two epochs tell apart: stripes that lie, stand and lean.
const EMOTIONS: [&str; 3] = ["happy", "sad", "surprise"];

fn trainer(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_moodbox-trainer")).args(arguments).output().expect("the trainer starts")
}

fn succeed(arguments: &[&str]) -> String {
    let output = trainer(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("plain text")
}

/// Exit code 2 and a single line that names what is wrong.
fn refuse(arguments: &[&str], words: &str) {
    let output = trainer(arguments);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert_eq!(message.trim_end().lines().count(), 1, "{message}");
    assert!(message.contains(words), "{message}");
}

fn stripes(direction: usize, phase: u32) -> image::GrayImage {
    image::GrayImage::from_fn(48, 48, |x, y| {
        let along = [x, y, x + y][direction] + phase;
        let noise = (x * 31 + y * 17 + phase * 7) % 29;
        image::Luma([if (along / 6).is_multiple_of(2) { 40 + noise as u8 } else { 180 + noise as u8 }])
    })
}

fn write_pictures(dir: &Path, per_class: u32) {
    for (direction, emotion) in EMOTIONS.iter().enumerate() {
        let folder = dir.join(emotion);
        fs::create_dir_all(&folder).expect("a writable folder");
        for phase in 0..per_class {
            stripes(direction, phase).save(folder.join(format!("{phase:03}.png"))).expect("a writable file");
        }
    }
}

#[test]
fn a_network_from_data_to_prediction() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| place.path().join(name).to_str().expect("plain names").to_owned();
    let (data, run, model, onnx) = (path("data"), path("run"), path("face.moodnet"), path("face.onnx"));
    write_pictures(Path::new(&data), 40);

    let learn = ["train", "face", "--data", &data, "--out", &run, "--preset", "paper", "--batch", "8"];
    succeed(&[&learn[..], &["--epochs", "4"]].concat());
    for file in ["run.json", "progress.json", "history.json", "history.csv", "history.npz", "curves.png"] {
        assert!(Path::new(&run).join(file).is_file(), "{file}");
    }
    refuse(&[&learn[..], &["--epochs", "1"]].concat(), "--resume");
    refuse(&[&learn[..], &["--epochs", "9", "--resume"]].concat(), "another recipe");

    succeed(&["quantize", "--run", &run, "--out", &model, "--calibration", "32", "--finetune", "1"]);
    succeed(&["export", "--run", &run, "--out", &onnx]);
    let bytes = |file: &str| fs::metadata(file).expect("written").len();
    assert!(bytes(&onnx) > 100_000);
    // What only the model knows goes along where it is given.
    let described = path("described.onnx");
    succeed(&["export", "--run", &run, "--model", &model, "--out", &described]);
    assert!(bytes(&described) > bytes(&onnx));
    let twin = path("face.int8.onnx");
    succeed(&["export", "--model", &model, "--out", &twin]);
    assert!(2 * bytes(&twin) < bytes(&onnx), "a byte a weight");
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/face.moodnet");
    refuse(&["export", "--run", &run, "--model", shipped, "--out", &onnx], "not made from this run");

    let json = succeed(&["evaluate", "--model", &model, "--data", &data, "--json"]);
    let scores: serde_json::Value = serde_json::from_str(&json).expect("JSON and nothing else");
    assert_eq!(scores["samples"], 120);
    assert!(scores["accuracy"].as_f64().expect("a number") > 0.9, "{scores}");
    let confusion: u64 = scores["confusion"]
        .as_array()
        .expect("rows")
        .iter()
        .flat_map(|row| row.as_array().expect("numbers"))
        .filter_map(serde_json::Value::as_u64)
        .sum();
    assert_eq!(confusion, 120);

    let picture = Path::new(&data).join("happy/000.png");
    let printed =
        succeed(&["predict", "--face-model", &model, "--out", &path("."), picture.to_str().expect("plain names")]);
    assert!(printed.contains("happy"), "{printed}");
    assert!(Path::new(&path(".")).join("000-mood.png").is_file());
}

#[test]
fn a_report_shows_a_run_from_every_side() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| place.path().join(name).to_str().expect("plain names").to_owned();
    let (data, run, out) = (path("data"), path("run"), path("page"));
    write_pictures(&Path::new(&data).join("train"), 24);
    // Two of each emotion also stand in train, of which the report must not make test data; their numbers there differ.
    write_pictures(&Path::new(&data).join("validation"), 2);
    for (direction, emotion) in EMOTIONS.iter().enumerate() {
        for phase in 100..104 {
            let name = format!("validation/{emotion}/<b>{phase}.png");
            stripes(direction, phase).save(Path::new(&data).join(name)).expect("a writable file");
        }
    }
    succeed(&["train", "face", "--data", &data, "--out", &run, "--preset", "paper", "--batch", "8", "--epochs", "2"]);
    refuse(&["report", "--run", &data], "no training run");

    let page_of = |more: &[&str]| {
        let printed = succeed(&[&["report", "--run", &run, "--out", &out][..], more].concat());
        fs::read_to_string(printed.trim()).expect("the page whose path was printed")
    };
    let page = page_of(&["--selection-only"]);
    assert!(page.contains("the float network of epoch") && page.contains("--selection-only"));
    assert!(!page.contains("id=\"robustness\"") && !page.contains("id=\"ablation\""));

    let model = format!("{run}/face.moodnet");
    succeed(&["quantize", "--run", &run, "--out", &model, "--calibration", "32"]);
    let curve = r#"[{"disturbance": "fog", "unit": "m", "points": [{"level": 1, "accuracy": 0.25, "samples": 8}]}]"#;
    fs::write(format!("{run}/robustness.json"), curve).expect("a writable folder");
    fs::write(format!("{run}/ablation.md"), "| part | accuracy |\n| --- | --- |\n| mixup | 61 % |\n")
        .expect("a writable folder");
    let page = page_of(&[]);
    for section in ["summary", "learning", "test", "selection", "samples", "robustness", "ablation", "data", "making"] {
        assert!(page.contains(&format!("<section id=\"{section}\"")), "{section}");
        assert!(page.contains(&format!("href=\"#{section}\"")), "{section}");
    }
    assert!(page.contains("the int8 network face.moodnet") && page.contains("6 that also stand in the train part"));
    assert!(page.contains("25.0 %") && page.contains("<td>mixup</td>"));
    assert!(!page.contains("http") && !page.contains("<script") && !page.contains("<link"), "nothing from outside");
    assert!(page.contains("&lt;b&gt;100.png") && !page.contains("<b>"), "names of files are text");
    for figure in [
        "accuracy",
        "loss",
        "test-confusion",
        "test-reliability",
        "test-wrong",
        "selection-confusion",
        "selection-reliability",
        "selection-wrong",
        "samples",
        "robustness-1",
    ] {
        assert!(image::open(format!("{out}/{figure}.png")).is_ok_and(|picture| picture.width() > 300), "{figure}");
        let svg = fs::read_to_string(format!("{out}/{figure}.svg")).expect("written");
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{figure}");
    }

    // The page and the command that scores are of one opinion.
    let json = succeed(&["evaluate", "--model", &model, "--data", &data, "--json"]);
    let scores: serde_json::Value = serde_json::from_str(&json).expect("JSON and nothing else");
    assert_eq!(scores["samples"], 12);
    let percent = |name: &str| format!("{:.1} %", 100.0 * scores[name].as_f64().expect("a number"));
    let headline = format!("<strong>{}</strong> of 12 pictures right (95 % interval", percent("accuracy"));
    assert!(page.contains(&headline), "{headline}");
    assert!(page.contains(&format!("unweighted average recall {}, macro F1", percent("unweighted_average_recall"))));

    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/face.moodnet");
    refuse(&["report", "--run", &run, "--model", shipped], "not made from this run");
    fs::copy(&model, format!("{run}/second.moodnet")).expect("a writable folder");
    refuse(&["report", "--run", &run], "--model");
    fs::write(format!("{run}/robustness.json"), "{}").expect("a writable folder");
    refuse(&["report", "--run", &run, "--model", &model], "no list of curves");
}

#[test]
fn densely_connected_networks_go_all_the_way_to_the_box() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| place.path().join(name).to_str().expect("plain names").to_owned();
    let (data, run, model) = (path("data"), path("run"), path("face.moodnet"));
    write_pictures(Path::new(&data), 16);
    let printed = succeed(&[
        "train", "face", "--data", &data, "--out", &run, "--preset", "dense", "--batch", "8", "--epochs", "1",
    ]);
    assert!(printed.contains("on the data learned from"), "{printed}");
    succeed(&["quantize", "--run", &run, "--out", &model, "--calibration", "16"]);
    succeed(&["export", "--run", &run, "--out", &path("face.onnx")]);
    let float = succeed(&["evaluate", "--run", &run, "--data", &data, "--json"]);
    let float: serde_json::Value = serde_json::from_str(&float).expect("JSON and nothing else");
    assert_eq!(float["samples"], 48);
    assert!(float.get("model_crc32").is_none());
    refuse(&["train", "face", "--data", &data, "--out", &path("x"), "--preset", "bilstm"], "compact, paper, dense");
}

#[test]
fn a_finished_network_gets_used_to_a_few_pictures() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| place.path().join(name).to_str().expect("plain names").to_owned();
    let (data, own, base, model) = (path("data"), path("own"), path("base"), path("face.moodnet"));
    write_pictures(Path::new(&data), 40);
    succeed(&["train", "face", "--data", &data, "--out", &base, "--preset", "paper", "--batch", "8", "--epochs", "4"]);
    succeed(&["quantize", "--run", &base, "--out", &model, "--calibration", "32"]);
    write_pictures(Path::new(&own), 3);
    fs::remove_dir_all(Path::new(&own).join("surprise")).expect("just written");

    for (init, name) in [(&base, "of_run"), (&model, "of_model")] {
        let (run, tuned) = (path(name), path(&format!("{name}.moodnet")));
        let printed = succeed(&["train", "face", "--init", init, "--data", &own, "--out", &run, "--epochs", "2"]);
        assert!(printed.contains("left as they are: surprised"), "{printed}");
        assert!(printed.contains("the last epoch, since nothing chooses"), "{printed}");
        let printed = succeed(&["quantize", "--run", &run, "--out", &tuned]);
        assert!(printed.contains("no selection data"), "{printed}");
        // What was not shown is not forgotten.
        let scores = succeed(&["evaluate", "--model", &tuned, "--data", &data, "--json"]);
        let scores: serde_json::Value = serde_json::from_str(&scores).expect("JSON and nothing else");
        assert!(scores["accuracy"].as_f64().expect("a number") > 0.9, "{name}: {scores}");
        // It is a run like any other, but that nothing chose.
        succeed(&["train", "face", "--data", &own, "--out", &run, "--resume"]);
        let page = fs::read_to_string(succeed(&["report", "--run", &run]).trim()).expect("the page's path was printed");
        assert!(page.contains("nothing chose") && !page.contains("id=\"selection\"") && !page.contains("NaN"));
    }
    let tune = ["train", "speech", "--init", &model, "--data", &own, "--out", &path("x")];
    refuse(&tune, "is a network for 'face'");
    let again = ["train", "face", "--init", &model, "--data", &data, "--out", &path("y"), "--selection", "part"];
    refuse(&again, "it has learned from this data");
    refuse(&["adapt-report", "--init", &model, "--data", &own], "network for faces");
}

/// A second of a tone, louder and louder or softer and softer.
fn write_clips(dir: &Path, per_class: u32) {
    for (class, emotion) in ["happy", "sad"].iter().enumerate() {
        let folder = dir.join(emotion);
        fs::create_dir_all(&folder).expect("a writable folder");
        for take in 0..per_class {
            let samples: Vec<i16> = (0..16_000u32)
                .map(|t| {
                    let loudness = if class == 0 { t } else { 16_000 - t } as f32;
                    (loudness * 0.5 * (t as f32 * 0.05 * (1.0 + take as f32 / 8.0)).sin()) as i16
                })
                .collect();
            fs::write(folder.join(format!("{take}.wav")), moodbox_trainer::sample::wav_bytes(&samples))
                .expect("a writable file");
        }
    }
}

#[test]
fn clips_that_are_held_out_are_not_learned_from() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| place.path().join(name).to_str().expect("plain names").to_owned();
    let (data, run) = (path("data"), path("run"));
    write_clips(&Path::new(&data).join("train"), 5);
    write_clips(&Path::new(&data).join("validation"), 7);
    let printed = succeed(&[
        "train", "speech", "--data", &data, "--out", &run, "--preset", "paper", "--batch", "4", "--epochs", "1",
    ]);
    assert!(printed.contains("8 clips learned from, 2 chosen by"), "{printed}");
    let scores = succeed(&["evaluate", "--run", &run, "--data", &data, "--json"]);
    let scores: serde_json::Value = serde_json::from_str(&scores).expect("JSON and nothing else");
    assert_eq!(
        (&scores["part"], &scores["samples"]),
        (&"validation".into(), &4.into()),
        "what stands in train as well is left out"
    );
}

#[test]
fn a_recurrent_network_lives_in_floating_point() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| place.path().join(name).to_str().expect("plain names").to_owned();
    let (data, run) = (path("data"), path("run"));
    write_clips(Path::new(&data), 5);
    succeed(&[
        "train", "speech", "--data", &data, "--out", &run, "--preset", "bilstm", "--batch", "4", "--epochs", "1",
    ]);
    let scores = succeed(&["evaluate", "--run", &run, "--data", &data]);
    assert!(scores.contains("10 clips") && scores.contains("float network"), "{scores}");
    succeed(&["export", "--run", &run, "--out", &path("speech.onnx")]);
    refuse(&["quantize", "--run", &run, "--out", &path("speech.moodnet")], "recurrent layer");
    assert!(!Path::new(&path("speech.moodnet")).exists(), "nothing is left behind");
}

#[test]
fn a_run_goes_on_where_it_was_interrupted() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| place.path().join(name).to_str().expect("plain names").to_owned();
    let data = path("data");
    write_pictures(Path::new(&data), 20);
    let learn = |out: &str, more: &[&str]| {
        let arguments =
            ["train", "face", "--data", &data, "--out", out, "--preset", "paper", "--batch", "8", "--epochs", "3"];
        trainer(&[&arguments[..], more].concat())
    };
    let (whole, parts) = (path("whole"), path("parts"));
    assert!(learn(&whole, &[]).status.success());

    // Stopped as if by Ctrl-C once the first epoch is behind it; a quick machine may already be through.
    let mut child = Command::new(env!("CARGO_BIN_EXE_moodbox-trainer"))
        .args(["train", "face", "--data", &data, "--out", &parts, "--preset", "paper", "--batch", "8", "--epochs", "3"])
        .spawn()
        .expect("the trainer starts");
    while !Path::new(&parts).join("progress.json").exists() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there");
    child.wait().expect("ends");

    assert!(learn(&parts, &["--resume"]).status.success());
    let losses = |run: &str| -> Vec<serde_json::Value> {
        let text = fs::read_to_string(Path::new(run).join("history.json")).expect("written");
        let history: Vec<serde_json::Value> = serde_json::from_str(&text).expect("JSON");
        history.iter().map(|epoch| epoch["train_loss"].clone()).collect()
    };
    assert_eq!(losses(&whole), losses(&parts), "an interruption changes nothing");
}

#[test]
fn a_pack_serves_as_its_folder_does() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| place.path().join(name).to_str().expect("plain names").to_owned();
    let (data, pack) = (path("data"), path("data.moodpack"));
    write_pictures(Path::new(&data), 20);
    succeed(&["pack", &data, "--out", &pack]);
    let bytes = |path: &Path| fs::metadata(path).expect("written").len();
    let unpacked: u64 = 60 * 48 * 48;
    assert!(bytes(Path::new(&pack)) < unpacked, "less than the pixels themselves");
    let count = |data: &str| succeed(&["data", data]).lines().skip(1).collect::<Vec<_>>().join("\n");
    assert_eq!(count(&pack), count(&data));

    let learn = |data: &str, out: &str| {
        let sizes = ["--preset", "paper", "--batch", "8", "--epochs", "1"];
        succeed(&[&["train", "face", "--data", data, "--out", out], &sizes[..]].concat());
        let json = |name: &str| -> serde_json::Value {
            let text = fs::read_to_string(Path::new(out).join(name)).expect("written");
            serde_json::from_str(&text).expect("JSON")
        };
        (json("run.json")["data_hash"].clone(), json("history.json")[0]["train_loss"].clone())
    };
    let (from_folder, from_pack) = (path("from-folder"), path("from-pack"));
    assert_eq!(learn(&data, &from_folder), learn(&pack, &from_pack));

    let model = path("face.moodnet");
    succeed(&["quantize", "--run", &from_folder, "--data", &pack, "--out", &model, "--calibration", "16"]);
    let score = |data: &str| succeed(&["evaluate", "--model", &model, "--data", data, "--json"]);
    assert_eq!(score(&pack), score(&data));

    let whole = fs::read(&pack).expect("written");
    fs::write(&pack, &whole[..whole.len() - 100]).expect("a writable file");
    refuse(&["data", &pack], "damaged pack");
    refuse(&["train", "face", "--data", &pack, "--out", &path("new")], "damaged pack");
}

#[test]
fn bad_input_is_answered_in_one_line() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| place.path().join(name).to_str().expect("plain names").to_owned();
    let empty = path("empty");
    fs::create_dir(&empty).expect("a writable folder");
    let out = path("run");
    refuse(&["train", "face", "--data", &path("nowhere"), "--out", &out], "does not exist");
    refuse(&["train", "face", "--data", &empty, "--out", &out], "no labels");
    refuse(&["train", "face", "--data", &empty, "--out", &out, "--device", "abacus"], "abacus");
    refuse(&["train", "face", "--data", &empty, "--out", &out, "--device", "flex,abacus"], "'abacus'");
    refuse(&["bench", "face", "--device", "flex:1"], "a number from 0");
    refuse(&["quantize", "--run", &empty, "--out", &path("x.moodnet")], "no training run");
    refuse(&["export", "--out", &path("x.onnx")], "--run");
    refuse(&["export", "--model", &path("missing.moodnet"), "--out", &path("x.onnx")], "missing.moodnet");
    refuse(&["export", "--model", file!(), "--out", &path("x.onnx")], "life_cycle.rs");
    refuse(&["evaluate", "--model", &path("missing.moodnet"), "--data", &empty], "missing.moodnet");
    refuse(&["evaluate", "--run", &empty, "--data", &empty], "no training run");
    assert!(!Path::new(&out).exists(), "nothing is left behind");
}
