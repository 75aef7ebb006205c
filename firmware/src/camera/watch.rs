//! Whether what a camera gives is worth anything: a lens that is covered, or a picture that stands still.
//!
//! Frames come in; what goes out is the state of the sense. A camera whose firmware has hung goes on sending its last frame, and without a
//! look at the bytes the face in it would be on show for ever.

use moodbox_shared::link::SenseState;
use moodbox_shared::vision::{PixelFormat, RawFrame};

/// How long all looked-at pixels must stay the same, bit for bit, in microseconds. A sensor's noise changes some of them in every frame,
/// but a camera may send a frame several times where it has been asked for more of them than it takes.
const FROZEN_US: u64 = 10_000_000;

/// How long the picture must be black, in microseconds: cameras find their exposure within a second or two of the start.
const DARK_US: u64 = 2_000_000;

/// Columns and rows of the grid of pixels that are looked at: enough to meet the noise, at a hundredth of the cost of luma.
const GRID: usize = 48;

/// Brightest level of a black picture: black is 16 in video levels, and a covered sensor's noise lifts it by another 16 at high gain.
pub(crate) const BLACK_LEVEL: u8 = 32;

/// Pixels in a hundred that may be brighter: standby lights and hot pixels don't make a dark room bright.
const BRIGHT_PERCENT: u32 = 1;

/// Fewest grey levels that those dark pixels span in a picture of something: twice as many as a crop must have to be a face at all.
const CONTRAST_LEVELS: u8 = 16;

/// Watches the frames of one device.
#[derive(Clone, Debug, Default)]
pub struct PictureWatch {
    hash: Option<u64>,
    /// When the frame came that all later ones were equal to.
    same_since_us: u64,
    dark_since_us: Option<u64>,
}

impl PictureWatch {
    /// Looks at a frame of `time_us`: [`SenseState::Working`], [`SenseState::Dark`] or [`SenseState::Frozen`]. The first frame that shows
    /// something new, or something at all, is believed.
    ///
    /// Not for files: a picture that is played stands still and means it.
    pub fn observe(&mut self, time_us: u64, frame: &RawFrame<'_>) -> SenseState {
        let look = Look::at(frame);
        if self.hash.replace(look.hash) != Some(look.hash) {
            self.same_since_us = time_us;
        }
        self.dark_since_us = look.is_dark().then(|| self.dark_since_us.unwrap_or(time_us));
        let lasts = |since_us: u64, limit_us: u64| time_us.saturating_sub(since_us) >= limit_us;
        // A covered camera that compresses its frames sends the same ones too: black says more.
        if self.dark_since_us.is_some_and(|since_us| lasts(since_us, DARK_US)) {
            SenseState::Dark
        } else if lasts(self.same_since_us, FROZEN_US) {
            SenseState::Frozen
        } else {
            SenseState::Working
        }
    }
}

/// What a grid of pixels tells of a frame.
struct Look {
    /// FNV-1a of their luma.
    hash: u64,
    seen: u32,
    bright: u32,
    /// Darkest and brightest of those that are not bright.
    darkest: u8,
    lightest: u8,
}

impl Look {
    fn at(frame: &RawFrame<'_>) -> Self {
        let mut look = Self { hash: 0xcbf2_9ce4_8422_2325, seen: 0, bright: 0, darkest: u8::MAX, lightest: 0 };
        let pixel_bytes = frame.format.row_bytes(1);
        let luma_offset = match frame.format {
            PixelFormat::Uyvy => 1,
            // Green, which is most of luma.
            PixelFormat::Rgb24 => 1,
            _ => 0,
        };
        // The middle of each of the grid's cells; sides are foreign numbers.
        let place = |index: usize, side: usize| (2 * index + 1).saturating_mul(side) / (2 * GRID);
        for row in 0..GRID {
            let start = place(row, frame.height).saturating_mul(frame.stride);
            for column in 0..GRID {
                let offset = place(column, frame.width).saturating_mul(pixel_bytes).saturating_add(luma_offset);
                // A frame that breaks off is refused where it is read.
                if let Some(&luma) = frame.bytes.get(start.saturating_add(offset)) {
                    look.take(luma);
                }
            }
        }
        look
    }

    fn take(&mut self, luma: u8) {
        self.hash = (self.hash ^ u64::from(luma)).wrapping_mul(0x0100_0000_01b3);
        self.seen += 1;
        if luma > BLACK_LEVEL {
            self.bright += 1;
        } else {
            self.darkest = self.darkest.min(luma);
            self.lightest = self.lightest.max(luma);
        }
    }

    fn is_dark(&self) -> bool {
        self.bright * 100 <= self.seen * BRIGHT_PERCENT && self.lightest.saturating_sub(self.darkest) < CONTRAST_LEVELS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 160;
    const HEIGHT: usize = 120;

    /// Frames of a scene around `level`, 30 a second for some seconds, with `noise` levels of noise; the last state.
    fn watch(watch: &mut PictureWatch, seconds: std::ops::Range<u64>, level: u8, noise: u8) -> SenseState {
        let mut state = SenseState::Starting;
        let mut pixels = vec![0; WIDTH * HEIGHT];
        for frame in seconds.start * 30..=seconds.end * 30 {
            for (index, pixel) in pixels.iter_mut().enumerate() {
                let random = (index as u64 ^ frame << 20).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
                *pixel = level + (random % (u64::from(noise) + 1)) as u8;
            }
            state = watch.observe(frame * 1_000_000 / 30, &grey(&pixels));
        }
        state
    }

    fn grey(bytes: &[u8]) -> RawFrame<'_> {
        RawFrame { format: PixelFormat::Grey, width: WIDTH, height: HEIGHT, stride: WIDTH, bytes }
    }

    #[test]
    fn a_quiet_room_is_believed_however_long_it_is_quiet() {
        assert_eq!(watch(&mut PictureWatch::default(), 0..30, 60, 1), SenseState::Working);
    }

    #[test]
    fn a_picture_that_stands_still_is_frozen_after_ten_seconds_until_it_moves() {
        let mut camera = PictureWatch::default();
        assert_eq!(watch(&mut camera, 0..9, 60, 0), SenseState::Working);
        assert_eq!(watch(&mut camera, 9..11, 60, 0), SenseState::Frozen);
        assert_eq!(watch(&mut camera, 11..11, 61, 0), SenseState::Working);
    }

    #[test]
    fn a_covered_lens_is_dark_after_two_seconds_until_light_comes() {
        let mut camera = PictureWatch::default();
        assert_eq!(watch(&mut camera, 0..1, 16, 8), SenseState::Working);
        assert_eq!(watch(&mut camera, 1..3, 16, 8), SenseState::Dark);
        assert_eq!(watch(&mut camera, 3..20, 0, 0), SenseState::Dark, "rather than frozen");
        assert_eq!(watch(&mut camera, 20..20, 40, 8), SenseState::Working);
    }

    #[test]
    fn dim_faces_and_single_lights_are_told_apart() {
        let show = |draw: fn(&mut [u8])| {
            let mut pixels = vec![4; WIDTH * HEIGHT];
            draw(&mut pixels);
            let mut camera = PictureWatch::default();
            camera.observe(0, &grey(&pixels));
            camera.observe(5_000_000, &grey(&pixels))
        };
        let dim_face = show(|pixels| pixels[WIDTH * 40..WIDTH * 80].fill(30));
        assert_eq!(dim_face, SenseState::Working, "26 grey levels are enough to see by");
        let standby_light = show(|pixels| pixels[WIDTH * 40..][..12].fill(255));
        assert_eq!(standby_light, SenseState::Dark);
    }

    #[test]
    fn luma_is_read_where_the_format_has_it() {
        let colour = [128; 4];
        for (format, black) in
            [(PixelFormat::Yuyv, [16, colour[0], 16, colour[1]]), (PixelFormat::Uyvy, [colour[0], 16, colour[1], 16])]
        {
            let bytes = black.repeat(WIDTH * HEIGHT / 2);
            let frame = RawFrame { format, width: WIDTH, height: HEIGHT, stride: 2 * WIDTH, bytes: &bytes };
            assert!(Look::at(&frame).is_dark(), "{format:?}");
        }
    }

    #[test]
    fn absurd_frames_do_no_harm() {
        let mut camera = PictureWatch::default();
        let empty = RawFrame { bytes: &[], ..grey(&[]) };
        camera.observe(0, &empty);
        camera.observe(u64::MAX, &RawFrame { width: usize::MAX, height: usize::MAX, stride: usize::MAX, ..empty });
        camera.observe(0, &grey(&[1, 2, 3]));
    }
}
