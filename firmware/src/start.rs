//! Puts a box together from its settings, in the order in which things can fail: models, files, memory, and devices last, because these may
//! be away.

use crate::camera::{self, CameraError, CameraOpener};
use crate::clock::RealClock;
use crate::config::{CameraSource, LedSink, MicrophoneSource, Settings};
use crate::face_detector::DetectorError;
use crate::history::{HistoryError, Recorder, Trouble};
use crate::indicator::returning::Returning;
use crate::indicator::terminal::TerminalLeds;
use crate::indicator::{self, Indicator, IndicatorError, NoIndicator};
use crate::microphone::{self, MicrophoneError, MicrophoneOpener};
use crate::models::{self, ModelSource, ModelsError, SenseNetwork};
use crate::report::JsonLink;
use crate::runtime::{Announcer, Outputs, RunError, Sights, hello};
use crate::sample::Labels;
use crate::serial::{self, Link, LinkError, SerialLink};
use crate::trace::{Trace, TraceError};
use moodbox_shared::link::{Capabilities, SenseState, Status};
use moodbox_shared::model::{Description, Model, Task};
use moodbox_shared::pipeline::{FaceSense, Judge, PipelineError, PipelineSettings, SpeechSense};
use moodbox_shared::vision::MAX_FRAME_PIXELS;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;

/// How long played files wait for a line that takes nothing; the world can't.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why a box does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// A network is missing or can't be used.
    #[error(transparent)]
    Models(#[from] ModelsError),
    /// A network in the wrong place.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// Pictures that can't be had.
    #[error(transparent)]
    Camera(#[from] CameraError),
    /// Sound that can't be had.
    #[error(transparent)]
    Microphone(#[from] MicrophoneError),
    /// The face detector can't be used.
    #[error(transparent)]
    Detector(#[from] DetectorError),
    /// LEDs that this binary can't drive.
    #[error(transparent)]
    Indicator(#[from] IndicatorError),
    /// A line that can't be had.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A history that can't be begun.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// A trace that can't be written.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The first packets can't be made.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Not enough memory.
    #[error("{kib} KiB of memory for pictures can't be had: give the box more memory")]
    Memory {
        /// What is needed.
        kib: usize,
    },
}

/// The two networks of the box's own engine, as far as they are used.
#[derive(Clone, Copy, Default)]
pub struct Networks {
    /// Reads faces.
    pub face: Option<&'static Model<'static>>,
    /// Hears voices.
    pub speech: Option<&'static Model<'static>>,
}

/// The two networks with whatever runs them, as far as they are used.
#[derive(Default)]
pub struct SenseNetworks {
    /// Reads faces.
    pub face: Option<SenseNetwork>,
    /// Hears voices.
    pub speech: Option<SenseNetwork>,
}

/// What the networks read and mean, as far as they are used.
#[derive(Clone, Copy, Default)]
pub struct Descriptions {
    /// Of the one that reads faces.
    pub face: Option<Description<'static>>,
    /// Of the one that hears voices.
    pub speech: Option<Description<'static>>,
}

impl SenseNetworks {
    /// Opens the networks of the senses that there are. They stay for as long as the program runs.
    pub fn open(settings: &Settings) -> Result<Self, StartError> {
        models::check_engine(settings.engine, settings.model_paths())?;
        let open = |is_used: bool, task, path: &Option<PathBuf>| {
            is_used.then(|| ModelSource::open(task, path.as_deref())?.network(settings.pipeline.isa)).transpose()
        };
        Ok(Self {
            face: open(settings.camera.source != CameraSource::None, Task::Face, &settings.face_model)?,
            speech: open(settings.microphone != MicrophoneSource::None, Task::Speech, &settings.speech_model)?,
        })
    }

    /// What they read and mean.
    pub fn descriptions(&self) -> Descriptions {
        let of = |network: &Option<SenseNetwork>| network.as_ref().map(SenseNetwork::description);
        Descriptions { face: of(&self.face), speech: of(&self.speech) }
    }
}

/// The openers of both senses. Files are opened here and now.
pub fn openers(
    settings: &Settings,
    clock: RealClock,
) -> Result<(Option<CameraOpener>, Option<MicrophoneOpener>), StartError> {
    let (microphone, sound_us) = microphone::opener(&settings.microphone, clock)?.unzip();
    let camera = camera::opener(&settings.camera, sound_us.unwrap_or(0), clock)?;
    Ok((camera, microphone))
}

/// What looks at frames, with all the memory that it needs.
pub fn sights(network: SenseNetwork, settings: &Settings) -> Result<Sights<'static>, StartError> {
    let PipelineSettings { face, isa, .. } = settings.pipeline;
    Ok(Sights {
        sense: Box::new(match network {
            SenseNetwork::Int8(model) => FaceSense::new(model, face, isa)?,
            SenseNetwork::Real(network) => FaceSense::with_real_network(network, face)?,
        }),
        luma: zeros(MAX_FRAME_PIXELS)?,
        trace: settings.trace.as_deref().map(Trace::create).transpose()?,
    })
}

/// What listens.
pub fn listener(network: SenseNetwork, settings: &PipelineSettings) -> Result<Box<SpeechSense<'static>>, StartError> {
    let PipelineSettings { speech, isa, .. } = *settings;
    Ok(Box::new(match network {
        SenseNetwork::Int8(model) => SpeechSense::new(model, speech, isa)?,
        SenseNetwork::Real(network) => SpeechSense::with_real_network(network, speech)?,
    }))
}

/// Opens whatever decisions go to.
///
/// * `labels`: what is really shown, where that is known
pub fn outputs(settings: &Settings, labels: Labels, is_live: bool) -> Result<Outputs<'static>, StartError> {
    let leds = settings.leds.clone();
    let indicator: Box<dyn Indicator> = match &leds.sink {
        LedSink::None => Box::new(NoIndicator),
        // Beside JSON the text goes where it is in nobody's way.
        LedSink::Terminal if settings.is_json => Box::new(TerminalLeds::new(io::stderr(), false, labels.clone())),
        LedSink::Terminal => Box::new(TerminalLeds::new(io::stdout(), io::stdout().is_terminal(), labels.clone())),
        LedSink::Pins { .. } => Box::new(Returning::start(Box::new(move || {
            Ok(indicator::open_pins(&leds)?.unwrap_or_else(|| Box::new(NoIndicator)))
        }))?),
    };
    let mut links: Vec<Box<dyn Link>> = Vec::with_capacity(3);
    if let Some(line) = &settings.serial {
        links.push(if is_live {
            serial::open_live(line, std::thread::current())?
        } else {
            Box::new(SerialLink::open(line, PATIENCE)?)
        });
    }
    if settings.is_json {
        links.push(Box::new(JsonLink::new(io::stdout().lock(), labels)));
    }
    if let Some((path, retention)) = &settings.history {
        links.push(Box::new(Recorder::start(path, *retention, Box::new(warn_of_history))?));
    }
    Ok(Outputs { indicator, links, warn: Box::new(|error| eprintln!("moodbox: {error}")) })
}

/// Says hello, and is ready to decide.
pub fn announcer(
    settings: &Settings,
    networks: Descriptions,
    outputs: Outputs<'static>,
) -> Result<Announcer<'static>, StartError> {
    let mut capabilities =
        camera::capabilities(&settings.camera.source).union(microphone::capabilities(&settings.microphone));
    if settings.leds.sink != LedSink::None {
        capabilities = capabilities.union(Capabilities::LEDS);
    }
    let state_of = |network: Option<_>| if network.is_some() { SenseState::Starting } else { SenseState::Off };
    let status = Status {
        camera: state_of(networks.face),
        microphone: state_of(networks.speech),
        brightness_percent: settings.brightness_percent,
        ..Status::default()
    };
    let PipelineSettings { decision, memory, .. } = settings.pipeline;
    let judge = Judge::new(networks.face, networks.speech, decision, memory);
    let hello = hello(networks.face, networks.speech, capabilities);
    Ok(Announcer::start(judge, outputs, hello, status).map_err(RunError::Encode)?)
}

fn warn_of_history(trouble: Trouble<'_>) {
    match trouble {
        Trouble::Off(error) => eprintln!("moodbox: {error}: nothing is kept from now on"),
        Trouble::Damaged(aside) => {
            eprintln!(
                "moodbox: the history was damaged: what could be read is kept, the rest is in {}",
                aside.display()
            );
        }
    }
}

/// Memory that is all there, or an error.
fn zeros(bytes: usize) -> Result<Vec<u8>, StartError> {
    let mut memory = Vec::new();
    memory.try_reserve_exact(bytes).map_err(|_| StartError::Memory { kib: bytes / 1_024 })?;
    memory.resize(bytes, 0);
    Ok(memory)
}
