//! The ALSA microphone, with a device that ALSA itself makes of a file.

#![cfg(feature = "alsa")]

use moodbox::clock::RealClock;
use moodbox::microphone::Microphone;
use moodbox::microphone::alsa::AlsaMicrophone;
use std::process::Command;

/// Samples in the file that the device plays.
const SAMPLES: usize = 8_000;

fn played() -> impl Iterator<Item = i16> {
    (0..SAMPLES as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 17) as i16)
}

/// ALSA reads its configuration from the environment, once: the device exists in a process of its own.
#[test]
fn a_device_is_heard_as_it_is() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).into_os_string().into_string().unwrap();
    std::fs::write(path("sound.raw"), played().flat_map(i16::to_le_bytes).collect::<Vec<_>>()).unwrap();
    let configuration = format!(
        "pcm.mic {{ type file slave.pcm {{ type null }} file \"/dev/null\" infile \"{}\" format \"raw\"
            hint {{ show on description \"A microphone of a file\" }} }}",
        path("sound.raw")
    );
    std::fs::write(path("asound.conf"), configuration).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hears_the_file", "--ignored", "--nocapture"])
        .env("ALSA_CONFIG_PATH", path("asound.conf"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "runs within a_device_is_heard_as_it_is"]
fn hears_the_file() {
    let mut microphone = AlsaMicrophone::open("mic", RealClock::start()).unwrap();
    let mut heard = Vec::new();
    for _ in 0..1_000 {
        if let Some(period) = microphone.next_period().unwrap() {
            heard.extend_from_slice(period.samples);
        }
        if heard.len() >= SAMPLES {
            break;
        }
    }
    assert!(heard.iter().copied().take(SAMPLES).eq(played()), "{} samples", heard.len());
    assert_eq!(microphone.overruns(), 0);

    let absent = AlsaMicrophone::open("nothing", RealClock::start()).err().unwrap().to_string();
    assert!(absent.contains("is it plugged in?"), "{absent}");
    assert!(AlsaMicrophone::open("with\0nul", RealClock::start()).is_err());

    let mut listed = Vec::new();
    moodbox::devices::list(&mut listed).unwrap();
    let listed = String::from_utf8(listed).unwrap();
    let lines = "  A microphone of a file\n    microphone = \"alsa:mic\"\n    S16_LE, S32_LE, FLOAT_LE";
    assert!(listed.contains(lines), "{listed}");
}
