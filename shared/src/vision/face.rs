//! Faces as a detector boxes them: what it hands on, and how two boxes compare.

use super::{CropSquare, LumaImage};
use heapless::Vec;

/// Most faces that one look at a frame reports.
pub const MAX_FACES: usize = 8;

/// The faces of one frame, surest first.
pub type Faces = Vec<DetectedFace, MAX_FACES>;

/// Score at which a face counts half as much as one beyond doubt: scores have no upper end, and between clear faces they say little.
const HALF_SCORE: f32 = 4.0;

/// What a face in a corner of the frame counts, against one in the middle.
const CORNER_SHARE: f32 = 0.5;

/// A face in a frame, in the frame's pixels; the box may reach over the border.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectedFace {
    /// Left edge.
    pub x: f32,
    /// Upper edge.
    pub y: f32,
    /// Columns.
    pub width: f32,
    /// Rows.
    pub height: f32,
    /// How sure the detector is; from its threshold on, without an upper end.
    pub score: f32,
}

impl DetectedFace {
    /// What of the frame is shown to the network.
    pub fn crop(&self) -> CropSquare {
        CropSquare::from_detector_box(self.x, self.y, self.width)
    }

    /// Column and row of the middle.
    pub fn center(&self) -> [f32; 2] {
        [self.x + self.width / 2.0, self.y + self.height / 2.0]
    }

    /// Whether the box is one: finite, and neither empty nor inside out.
    pub fn is_sound(&self) -> bool {
        [self.x, self.y, self.width, self.height, self.score].iter().all(|value| value.is_finite())
            && self.width > 0.0
            && self.height > 0.0
    }

    /// Intersection over union with another box: 1 for the same, 0 for boxes that don't touch.
    pub fn overlap(&self, other: &Self) -> f32 {
        let shared = |low: f32, length: f32, other_low: f32, other_length: f32| {
            ((low + length).min(other_low + other_length) - low.max(other_low)).max(0.0)
        };
        let intersection =
            shared(self.x, self.width, other.x, other.width) * shared(self.y, self.height, other.y, other.height);
        let union = self.width * self.height + other.width * other.height - intersection;
        if union > 0.0 { intersection / union } else { 0.0 }
    }

    /// How much this face stands out in a frame of `width × height` pixels: size × centrality × confidence. Only comparisons mean anything.
    pub fn prominence(&self, width: usize, height: usize) -> f32 {
        let middle = [width as f32 / 2.0, height as f32 / 2.0];
        let [x, y] = self.center();
        let from_middle = libm::hypotf(x - middle[0], y - middle[1]) / libm::hypotf(middle[0], middle[1]);
        let centrality = 1.0 - (1.0 - CORNER_SHARE) * from_middle.min(1.0);
        let score = self.score.max(0.0);
        self.width * centrality * score / (score + HALF_SCORE)
    }
}

/// The face that stands out most in `image`; boxes that are none are passed over.
pub fn most_prominent<'f>(faces: &'f [DetectedFace], image: &LumaImage<'_>) -> Option<&'f DetectedFace> {
    let prominence = |face: &DetectedFace| face.prominence(image.width(), image.height());
    faces.iter().filter(|face| face.is_sound()).max_by(|a, b| prominence(a).total_cmp(&prominence(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(x: f32, y: f32, side: f32, score: f32) -> DetectedFace {
        DetectedFace { x, y, width: side, height: side, score }
    }

    #[test]
    fn overlap_is_the_shared_part_of_both() {
        let one = face(10.0, 10.0, 10.0, 5.0);
        assert_eq!(one.overlap(&one), 1.0);
        assert_eq!(one.overlap(&face(20.0, 10.0, 10.0, 5.0)), 0.0);
        assert!((one.overlap(&face(15.0, 10.0, 10.0, 5.0)) - 1.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn large_central_and_sure_faces_stand_out() {
        let pixels = [0; 640 * 480];
        let image = LumaImage::new(640, 480, 640, &pixels).unwrap();
        let middle = face(270.0, 190.0, 100.0, 10.0);
        for lesser in [face(280.0, 200.0, 80.0, 10.0), face(0.0, 0.0, 120.0, 10.0), face(265.0, 185.0, 110.0, 2.1)] {
            assert_eq!(most_prominent(&[lesser, middle], &image), Some(&middle), "{lesser:?}");
        }
        assert_eq!(most_prominent(&[face(f32::NAN, 0.0, 400.0, 50.0), face(0.0, 0.0, -3.0, 9.0)], &image), None);
    }
}
