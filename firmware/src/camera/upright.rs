//! A camera that hangs on its side, on its head or behind a mirror: its frames are turned before anybody sees them.

use super::{Camera, CameraError, Frame};
use crate::config::{CameraSettings, Rotation};
use moodbox_shared::vision::{LumaError, LumaImage, MAX_FRAME_PIXELS, Orientation, PixelFormat, RawFrame, orient};

/// Gives the frames of another camera, upright and grey.
#[derive(Debug)]
pub struct Upright<C> {
    inner: C,
    orientation: Orientation,
    /// Luma as it came, where the frame is more than that; as large as the largest frame so far.
    luma: Vec<u8>,
    /// What was turned.
    turned: Vec<u8>,
}

impl<C: Camera> Upright<C> {
    /// Turns what `inner` gives.
    pub fn new(inner: C, orientation: Orientation) -> Self {
        Self { inner, orientation, luma: Vec::new(), turned: Vec::new() }
    }
}

/// How the pictures of a camera have to be turned; `None` where they stand upright.
pub fn orientation(settings: &CameraSettings) -> Option<Orientation> {
    let quarter_turns = match settings.rotation {
        Rotation::None => 0,
        Rotation::Quarter => 1,
        Rotation::Half => 2,
        Rotation::ThreeQuarters => 3,
    };
    let orientation = Orientation { quarter_turns, is_mirrored: settings.is_mirrored };
    (orientation != Orientation::default()).then_some(orientation)
}

impl<C: Camera> Camera for Upright<C> {
    fn due_us(&self) -> Option<u64> {
        self.inner.due_us()
    }

    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CameraError> {
        let Some(Frame { time_us, raw }) = self.inner.next_frame()? else { return Ok(None) };
        grow(&mut self.turned, &raw)?;
        let image = if raw.format == PixelFormat::Grey {
            LumaImage::new(raw.width, raw.height, raw.stride, raw.bytes)?
        } else {
            grow(&mut self.luma, &raw)?;
            raw.to_luma(&mut self.luma)?
        };
        let turned = orient(&image, self.orientation, &mut self.turned)?;
        Ok(Some(Frame { time_us, raw: turned.into() }))
    }
}

/// Makes room for the frame's luma: memory is taken with the first frame, and never more than the largest one needs.
fn grow(buffer: &mut Vec<u8>, frame: &RawFrame<'_>) -> Result<(), LumaError> {
    let needed = frame.width.saturating_mul(frame.height);
    if needed > MAX_FRAME_PIXELS {
        return Err(LumaError::Buffer { available: MAX_FRAME_PIXELS, needed });
    }
    if buffer.len() < needed {
        buffer.resize(needed, 0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::replay::StillCamera;
    use moodbox_shared::media::OwnedLuma;

    /// A camera of one frame in colour.
    struct Once(Vec<u8>, usize);

    impl Camera for Once {
        fn due_us(&self) -> Option<u64> {
            Some(0)
        }

        fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CameraError> {
            let raw = RawFrame { format: PixelFormat::Yuyv, width: self.1, height: 1, stride: 4, bytes: &self.0 };
            Ok(Some(Frame { time_us: 7, raw }))
        }
    }

    #[test]
    fn frames_are_turned_in_their_own_time() {
        let picture = OwnedLuma::new(3, 1, vec![1, 2, 3]).unwrap();
        let settings = CameraSettings { rotation: Rotation::Quarter, is_mirrored: true, ..CameraSettings::default() };
        let mut camera = Upright::new(StillCamera::new(picture, 2), orientation(&settings).unwrap());
        for time_us in [0, 33_333] {
            assert_eq!(camera.due_us(), Some(time_us));
            let frame = camera.next_frame().unwrap().unwrap();
            assert_eq!((frame.time_us, frame.raw.width, frame.raw.height), (time_us, 1, 3));
            assert_eq!(frame.raw.bytes, [1, 2, 3]);
        }
        assert_eq!(camera.due_us(), None);
    }

    #[test]
    fn colour_is_left_behind() {
        let half = Orientation { quarter_turns: 2, is_mirrored: false };
        let mut camera = Upright::new(Once(vec![10, 128, 20, 128], 2), half);
        let frame = camera.next_frame().unwrap().unwrap();
        assert_eq!((frame.raw.format, frame.raw.bytes), (PixelFormat::Grey, &[20, 10][..]));
    }

    #[test]
    fn a_frame_too_large_is_refused_before_memory_is_taken() {
        let half = Orientation { quarter_turns: 2, is_mirrored: false };
        let mut camera = Upright::new(Once(vec![], MAX_FRAME_PIXELS + 1), half);
        assert!(matches!(camera.next_frame(), Err(CameraError::Frame(LumaError::Buffer { .. }))));
        assert!(camera.turned.is_empty());
    }

    #[test]
    fn an_upright_camera_is_left_alone() {
        assert_eq!(orientation(&CameraSettings::default()), None);
    }
}
