//! The packaged configuration against the options that there are: every option has its key, and every key is one.

use clap::{Args, Command};
use moodbox::config::{GpioChip, LedSink, Options, PinDriver, Settings};
use std::collections::BTreeSet;
use std::path::Path;

const PACKAGED: &str = include_str!("../packaging/moodbox.toml");

/// The lines that set a key, commented out or not.
fn settings() -> impl Iterator<Item = &'static str> {
    PACKAGED.lines().map(|line| line.strip_prefix('#').unwrap_or(line)).filter(|line| {
        line.split_once(" = ")
            .is_some_and(|(key, _)| key.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-'))
    })
}

fn read(text: &str) -> Options {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("moodbox.toml");
    std::fs::write(&path, text).unwrap();
    Options::read(&path).unwrap()
}

#[test]
fn every_option_of_run_has_its_key_in_the_packaged_file() {
    let command = Options::augment_args(Command::new("run"));
    let options: BTreeSet<&str> = command.get_arguments().filter_map(|argument| argument.get_long()).collect();
    let keys: BTreeSet<&str> = settings().filter_map(|line| line.split(" = ").next()).collect();
    assert_eq!(options, keys);
}

#[test]
fn every_value_that_the_packaged_file_suggests_is_a_good_one() {
    let all: String = settings().flat_map(|line| [line, "\n"]).collect();
    Settings::new(read(&all)).unwrap();
}

#[test]
fn the_packaged_file_makes_a_box_with_camera_microphone_and_lights() {
    let settings = Settings::new(read(PACKAGED)).unwrap();
    settings.check_senses().unwrap();
    assert!(settings.has_devices() && settings.serial.is_none() && settings.history.is_none());
    assert!(matches!(settings.leds.sink, LedSink::Pins { driver: PinDriver::Gpiocdev(GpioChip::Auto), .. }));
}

#[test]
fn a_file_that_is_missing_or_wrong_says_where() {
    let error = Options::read(Path::new("/no/such/file")).unwrap_err().to_string();
    assert!(error.contains("/no/such/file"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("moodbox.toml");
    std::fs::write(&path, "camera = \"v4l:auto\"\nstatus-lamp = 3\n").unwrap();
    let error = Options::read(&path).unwrap_err().to_string();
    assert!(error.contains("line 2: `status-lamp = 3`: unknown field `status-lamp`"), "{error}");
}
