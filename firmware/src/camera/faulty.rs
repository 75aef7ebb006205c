//! Cameras that fail on purpose, for tests.

use super::{Camera, CameraError, CameraOpener, Frame};
use std::ops::Range;

/// Gives the frames of another camera, and an error at each of the given places.
#[derive(Debug)]
pub struct FaultyCamera<C> {
    inner: C,
    asked: u64,
    fails_at: Range<u64>,
}

impl<C: Camera> FaultyCamera<C> {
    /// Passes `inner` on, but for the requests in `fails_at`, counted from 0, which lose a frame each.
    pub fn new(inner: C, fails_at: Range<u64>) -> Self {
        Self { inner, asked: 0, fails_at }
    }
}

impl<C: Camera> Camera for FaultyCamera<C> {
    fn due_us(&self) -> Option<u64> {
        self.inner.due_us()
    }

    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CameraError> {
        let request = self.asked;
        self.asked += 1;
        let frame = self.inner.next_frame();
        if self.fails_at.contains(&request) { Err(unplugged()) } else { frame }
    }
}

/// An opener that fails when it is called for the `fails_at`-th times, counted from 0, and else asks another one.
pub fn faulty_opener(mut open: CameraOpener, fails_at: Range<u64>) -> CameraOpener {
    let mut asked = 0;
    Box::new(move || {
        let request = asked;
        asked += 1;
        if fails_at.contains(&request) { Err(unplugged()) } else { open() }
    })
}

fn unplugged() -> CameraError {
    CameraError::Device { device: "faulty".into(), reason: "unplugged on purpose".into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::replay::StillCamera;
    use moodbox_shared::media::OwnedLuma;

    #[test]
    fn an_absent_camera_can_be_opened_once_it_is_there() {
        let open: CameraOpener = Box::new(|| Ok(Box::new(StillCamera::new(OwnedLuma::new(1, 1, vec![7]).unwrap(), 1))));
        let mut open = faulty_opener(open, 0..2);
        assert!(open().is_err() && open().is_err());
        assert!(open().unwrap().next_frame().unwrap().is_some());
    }
}
