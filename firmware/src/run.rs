//! `moodbox run`: watches and listens until it is told to stop, or the files are over.

use crate::camera::Camera;
use crate::clock::{Clock, RealClock, VirtualClock};
use crate::config::{CameraSource, MicrophoneSource, Settings, SettingsError};
use crate::face_detector::FaceDetector;
use crate::indicator::{StartFault, flash_code};
use crate::instance::{Instance, InstanceError};
use crate::microphone::Microphone;
use crate::runtime::live::{Controls, Hearing, Live, Sight};
use crate::runtime::replay::Replay;
use crate::runtime::{RunError, Watcher};
use crate::sample::Labels;
use crate::scheduling::{self, SchedulingError};
use crate::service;
use crate::start::{self, SenseNetworks, StartError};
use moodbox_shared::decision::Decision;
use std::error::Error;
use std::fmt::Display;
use std::sync::Arc;

/// Why a run ends with an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BoxError {
    /// The settings make no box.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Another box is at work.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// It can't be put together.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It stopped by itself.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The processors can't be had.
    #[error(transparent)]
    Scheduling(#[from] SchedulingError),
    /// The system does not say when to stop.
    #[error("cannot wait for signals: {0}")]
    Signals(#[from] ctrlc::Error),
}

impl BoxError {
    /// What the status LED flashes of it; nothing of a box that did start, and nothing where the pins are another box's.
    fn fault(&self) -> Option<StartFault> {
        Some(match self {
            Self::Instance(InstanceError::Running { .. } | InstanceError::Denied { .. }) => return None,
            Self::Run(RunError::Panicked { .. } | RunError::Encode(_)) => return None,
            Self::Start(StartError::Models(_) | StartError::Pipeline(_)) => StartFault::Model,
            Self::Start(StartError::Memory { .. }) | Self::Run(RunError::Thread { .. }) => StartFault::Resources,
            _ => StartFault::Other,
        })
    }
}

/// Runs a box. What stops it is flashed by the status LED, where there is one.
pub fn run(settings: &Settings) -> Result<(), BoxError> {
    let result = try_run(settings);
    if let Some(fault) = result.as_ref().err().and_then(BoxError::fault) {
        flash_code(&settings.leds, fault);
    }
    result
}

fn try_run(settings: &Settings) -> Result<(), BoxError> {
    settings.check_senses()?;
    if let Some(cpus) = &settings.cpu_affinity {
        scheduling::set_affinity(cpus)?;
    }
    let controls = Arc::new(Controls::default());
    stop_on_signals(&controls)?;
    let is_live = settings.is_realtime || settings.has_devices();
    let _instance = settings.has_devices().then(|| Instance::claim(settings.lock_file.as_deref())).transpose()?;
    if is_live { run_live(settings, &controls) } else { run_replay(settings, &controls) }
}

fn run_live(settings: &Settings, controls: &Arc<Controls>) -> Result<(), BoxError> {
    let clock = RealClock::start();
    let networks = SenseNetworks::open(settings)?;
    let descriptions = networks.descriptions();
    let (camera, microphone) = start::openers(settings, clock)?;
    let sight = match networks.face.zip(camera) {
        Some((network, opener)) => Some(Sight {
            opener,
            is_device: matches!(settings.camera.source, CameraSource::Device(_)),
            sights: start::sights(network, settings)?,
            detector: Box::new(|| Ok(Box::new(FaceDetector::new()?))),
        }),
        None => None,
    };
    let hearing = match networks.speech.zip(microphone) {
        Some((network, opener)) => {
            let is_device = matches!(settings.microphone, MicrophoneSource::Device(_));
            Some(Hearing { opener, is_device, sense: start::listener(network, &settings.pipeline)? })
        }
        None => None,
    };
    let outputs = start::outputs(settings, Labels::default(), true)?;
    let announcer = start::announcer(settings, descriptions, outputs)?;
    if settings.is_memory_locked
        && let Err(error) = scheduling::lock_memory()
    {
        tell(&error);
    }
    let priority = settings.realtime_priority;
    let hurry = move || {
        if let Some(Err(error)) = priority.map(scheduling::set_realtime_priority) {
            tell(&error);
        }
    };
    service::watch(controls).map_err(|source| RunError::Thread { thread: "watchdog", source })?;
    let controls = Arc::clone(controls);
    let live = Live { sight, hearing, announcer, controls, clock, tell: Arc::new(tell), hurry: Arc::new(hurry) };
    let mut is_ready = false;
    live.run(|_| {
        // With its first decision the box is up, whatever devices are still away.
        if !std::mem::replace(&mut is_ready, true) {
            service::ready();
        }
    })?;
    Ok(())
}

fn run_replay(settings: &Settings, controls: &Arc<Controls>) -> Result<(), BoxError> {
    let (camera, microphone) = start::openers(settings, RealClock::start())?;
    let film = Film {
        camera: camera.map(|mut open| open()).transpose().map_err(StartError::Camera)?,
        microphone: microphone.map(|mut open| open()).transpose().map_err(StartError::Microphone)?,
        labels: Labels::default(),
        clock: Box::new(VirtualClock::default()),
    };
    play(settings, film, controls, |_| {})
}

/// What is played: pictures, sound, and at what pace.
pub(crate) struct Film {
    pub camera: Option<Box<dyn Camera>>,
    pub microphone: Option<Box<dyn Microphone>>,
    /// What is really shown, where that is known.
    pub labels: Labels,
    pub clock: Box<dyn Clock>,
}

/// Plays a film to a box, on this thread.
pub(crate) fn play(
    settings: &Settings,
    film: Film,
    controls: &Arc<Controls>,
    observe: impl FnMut(&Decision),
) -> Result<(), BoxError> {
    let networks = SenseNetworks::open(settings)?;
    let descriptions = networks.descriptions();
    let sight = match networks.face.zip(film.camera) {
        Some((network, camera)) => {
            let detector = FaceDetector::new().map_err(StartError::Detector)?;
            Some((camera, Watcher::new(start::sights(network, settings)?, Box::new(detector))))
        }
        None => None,
    };
    let hearing = match networks.speech.zip(film.microphone) {
        Some((network, microphone)) => Some((microphone, start::listener(network, &settings.pipeline)?)),
        None => None,
    };
    let outputs = start::outputs(settings, film.labels, film.clock.is_real())?;
    let announcer = start::announcer(settings, descriptions, outputs)?;
    let (controls, clock, warn) = (Arc::clone(controls), film.clock, Box::new(|error: &dyn Error| tell(&error)));
    Replay { sight, hearing, announcer, controls, clock, warn }.run(observe)?;
    Ok(())
}

/// Ends the box in order on Ctrl-C, on SIGTERM and when its terminal is closed.
pub(crate) fn stop_on_signals(controls: &Arc<Controls>) -> Result<(), ctrlc::Error> {
    let (controls, decision) = (Arc::clone(controls), std::thread::current());
    ctrlc::set_handler(move || {
        service::stopping();
        controls.stop();
        decision.unpark();
    })
}

/// Tells whoever runs the box, in its journal or on its terminal.
pub(crate) fn tell(what: &dyn Display) {
    eprintln!("moodbox: {what}");
}
