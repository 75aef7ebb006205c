//! `moodbox check`, second part: does each configured device work? One line a device, with its remedy.

use crate::camera;
use crate::camera::watch::BLACK_LEVEL;
use crate::clock::{Clock, RealClock};
use crate::config::{CameraSource, LedSink, MicrophoneSource, SerialSettings, Settings};
use crate::findings::Findings;
use crate::history::Store;
use crate::indicator;
use crate::instance::Instance;
use crate::microphone;
use crate::microphone::watch::{FULL_SCALE, SILENT_LEVEL};
use crate::serial::{Access, Line};
use moodbox_shared::vision::MAX_FRAME_PIXELS;
use std::io::{self, Write};
use std::path::Path;

/// The service's own folder, which the service manager makes at its first start.
const STATE_FOLDER: &str = "/var/lib/moodbox";

/// How long a camera may take to its first frame, in microseconds.
const FIRST_FRAME_US: u64 = 3_000_000;

/// How long each sense is tried once it gives something, in microseconds.
const TRIAL_US: u64 = 1_000_000;

/// Exercises each device of the settings; those that are not configured are left out.
pub fn run(settings: &Settings, report: &mut Findings<'_, impl Write>) -> io::Result<()> {
    let has_pins = matches!(settings.leds.sink, LedSink::Pins { .. });
    let claimed = (settings.has_devices() || has_pins).then(|| Instance::claim(settings.lock_file.as_deref()));
    // Held to the end, so that no box starts meanwhile.
    let _instance = match claimed.transpose() {
        Ok(instance) => instance,
        Err(error) => return report.check("devices", Err(error.to_string())),
    };
    if settings.camera.source != CameraSource::None {
        report.check("camera", check_camera(settings))?;
    }
    if settings.microphone != MicrophoneSource::None {
        report.check("microphone", check_microphone(settings))?;
    }
    if has_pins {
        let lit = indicator::probe(&settings.leds);
        report.check("LEDs", lit.map(|()| "each was lit in turn".to_owned()).map_err(|error| error.to_string()))?;
    }
    if let Some(serial) = &settings.serial {
        report.check("serial line", check_serial(serial))?;
    }
    if let Some((path, _)) = &settings.history {
        report.check("history", check_history(path))?;
    }
    Ok(())
}

/// A file is as good as a line; one that is missing is made when the box starts.
fn check_serial(serial: &SerialSettings) -> Result<String, String> {
    let path = serial.path.display();
    if serial.path.is_file() {
        return Ok(format!("{path} is a file: packets are written to its end"));
    }
    match Line::open(serial, Access::Exclusive) {
        Ok(_) => Ok(format!("{path} opens at {} bits a second", serial.baud)),
        Err(error) => Err(format!("{path}: {error}")),
    }
}

/// Looks and makes nothing: what root makes here, the service may not be able to write.
fn check_history(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.exists() {
        return Store::open_to_read(path).map(|_| format!("{shown} can be read")).map_err(|error| error.to_string());
    }
    match folder.is_dir() || folder == Path::new(STATE_FOLDER) {
        true => Ok(format!("{shown} is begun with the first event")),
        false => Err(format!("{shown} can't be made: there is no folder {}", folder.display())),
    }
}

/// Takes frames for a second.
fn check_camera(settings: &Settings) -> Result<String, String> {
    let clock = RealClock::start();
    let opener = camera::opener(&settings.camera, 0, clock).map_err(|error| error.to_string())?;
    let mut camera = opener.ok_or("none")?().map_err(|error| error.to_string())?;
    let mut luma = vec![0; MAX_FRAME_PIXELS];
    let (mut frames, mut first_us, mut shown) = (0u32, None, (0, 0, 0));
    let until = |first_us: Option<u64>| first_us.map_or(FIRST_FRAME_US, |first_us| first_us + TRIAL_US);
    while clock.now_us() < until(first_us) && camera.due_us().is_some() {
        let Some(frame) = camera.next_frame().map_err(|error| error.to_string())? else { continue };
        frames += 1;
        first_us.get_or_insert(clock.now_us());
        let image = frame.raw.luma(&mut luma).map_err(|error| error.to_string())?;
        let sum: u64 = (0..image.height()).flat_map(|y| image.row(y)).map(|&pixel| u64::from(pixel)).sum();
        shown = (image.width(), image.height(), sum / (image.width() * image.height()) as u64);
    }
    let (width, height, mean) = shown;
    match frames {
        0 => Err("it opens and gives no frames: is another program using it, or its cable loose?".into()),
        _ if mean <= u64::from(BLACK_LEVEL) => {
            Err(format!("{width}×{height}, black (mean luma {mean}): take off the lens cap, or switch on the light"))
        }
        _ => Ok(format!("{width}×{height}, {frames} frames in its first second, mean luma {mean}")),
    }
}

/// Listens for a second.
fn check_microphone(settings: &Settings) -> Result<String, String> {
    let clock = RealClock::start();
    let opened = microphone::opener(&settings.microphone, clock).map_err(|error| error.to_string())?;
    let (mut open, _) = opened.ok_or("none")?;
    let mut microphone = open().map_err(|error| error.to_string())?;
    let (mut samples, mut energy, mut loudest) = (0u64, 0.0, 0);
    while clock.now_us() < TRIAL_US && microphone.due_us().is_some() {
        let Some(period) = microphone.next_period().map_err(|error| error.to_string())? else { continue };
        samples += period.samples.len() as u64;
        energy += period.samples.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>();
        loudest = period.samples.iter().fold(loudest, |loudest, sample| loudest.max(sample.unsigned_abs()));
    }
    let level_dbfs = 10.0 * (energy / samples.max(1) as f64 / 32_768f64.powi(2)).max(1e-12).log10();
    match (samples, loudest) {
        (0, _) => Err("it opens and gives no sound: is another program using it, or its plug loose?".into()),
        (_, ..=SILENT_LEVEL) => Err("nothing but silence: is it muted? alsamixer, F4, Space switches it on".into()),
        (_, FULL_SCALE..) => Err(format!("too loud ({level_dbfs:.0} dBFS, clipping): turn it down in alsamixer, F4")),
        _ => Ok(format!("{samples} samples at 16 kHz in a second, {level_dbfs:.0} dBFS")),
    }
}
