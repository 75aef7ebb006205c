//! What goes wrong on purpose, and by which commands of the guest (`tests/lab/guest/init`).

use std::fmt::{self, Display};

/// A fault of the camera, as its driver can be told to produce it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CameraFault {
    /// A frame arrives with the flag that says it is damaged.
    DamagedFrame,
    /// A buffer is not taken back.
    Queue,
    /// The stream breaks, for good until it is stopped.
    Stream,
    /// The stream breaks, and the next attempt gets no buffers.
    Buffers,
    /// The stream breaks, and the next attempt can't start.
    Start,
    /// The device is gone, and comes back.
    Unplugged,
}

impl CameraFault {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::DamagedFrame, Self::Queue, Self::Stream, Self::Buffers, Self::Start, Self::Unplugged];

    /// Brings it about.
    pub const fn command(self) -> &'static str {
        match self {
            Self::DamagedFrame => "fault inject_v4l2_buf_flag_error",
            Self::Queue => "fault inject_vidioc_qbuf_error",
            Self::Stream => "fault inject_fatal_streaming_error",
            Self::Buffers => "fault inject_vidioc_reqbufs_error inject_fatal_streaming_error",
            Self::Start => "fault inject_vidioc_streamon_error inject_fatal_streaming_error",
            Self::Unplugged => "unplug_camera",
        }
    }

    /// Errors that the box meets until the camera works again, at least.
    pub const fn errors(self) -> u32 {
        match self {
            Self::DamagedFrame => 0,
            Self::Queue | Self::Stream | Self::Unplugged => 1,
            Self::Buffers | Self::Start => 2,
        }
    }
}

impl Display for CameraFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DamagedFrame => "a damaged frame",
            Self::Queue => "a buffer refused",
            Self::Stream => "a broken stream",
            Self::Buffers => "no buffers",
            Self::Start => "a start refused",
            Self::Unplugged => "unplugged and plugged in",
        })
    }
}

/// A fault of the microphone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MicrophoneFault {
    /// Whatever made the sound stops: digital silence, or nothing at all.
    Stopped,
    /// The sound card is gone, and comes back.
    Unplugged,
}

impl MicrophoneFault {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Stopped, Self::Unplugged];

    /// Brings it about.
    pub const fn command(self) -> &'static str {
        match self {
            Self::Stopped => "silence",
            Self::Unplugged => "unplug_microphone",
        }
    }

    /// Errors that the box meets until the microphone works again, at least.
    pub const fn errors(self) -> u32 {
        match self {
            Self::Stopped => 0,
            Self::Unplugged => 1,
        }
    }

    /// Undoes it.
    pub const fn end_command(self) -> &'static str {
        match self {
            Self::Stopped => "sound",
            Self::Unplugged => "plug_in_microphone && sound",
        }
    }
}

impl Display for MicrophoneFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stopped => "no sound",
            Self::Unplugged => "unplugged and plugged in",
        })
    }
}
