//! A picture with what was found in it: the face's box, the square that was cut out, what the network saw, and its answer as bars.

use embedded_graphics::text::Alignment;
use image::imageops::{self, FilterType};
use image::{DynamicImage, GrayImage};
use moodbox_shared::Emotion;
use moodbox_shared::media::OwnedLuma;
use moodbox_shared::vision::{CropSquare, DetectedFace, FACE_INPUT, FACE_SIDE};

use crate::evaluate::most_likely;
use crate::report::Canvas;

/// Sides between which the picture is drawn, in pixels.
const PICTURE_SIDES: [f32; 2] = [320.0, 960.0];

/// Width of the column with crop and answer, in pixels.
const COLUMN: u32 = 240;

const MARGIN: u32 = 16;

/// How much the crop is enlarged.
const CROP_FACTOR: u32 = 5;

/// From one bar to the next, in pixels.
const BAR_STEP: u32 = 20;

/// Width that an emotion's name takes, in pixels.
const NAME_WIDTH: u32 = 84;

const PAPER: [u8; 3] = [255; 3];
const INK: [u8; 3] = [40, 40, 48];
const BAR: [u8; 3] = [150, 160, 172];
const BOX: [u8; 3] = [0, 158, 115];
const CROP: [u8; 3] = [230, 159, 0];

/// What a network says of a picture or clip.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// What the posteriors are of, in order.
    pub labels: &'a [Emotion],
    /// One a label.
    pub posteriors: &'a [f32],
}

/// Draws the result beside the picture.
///
/// * `face`: the detector's box, where there was a search
/// * `square`: what was cut out of the picture
/// * `crop`: what the network saw
pub fn draw(
    luma: &OwnedLuma,
    face: Option<DetectedFace>,
    square: CropSquare,
    crop: &[u8; FACE_INPUT],
    answer: &Answer<'_>,
) -> DynamicImage {
    let longest = luma.width().max(luma.height()) as f32;
    let scale = longest.clamp(PICTURE_SIDES[0], PICTURE_SIDES[1]) / longest;
    let (width, height) = (scaled(luma.width(), scale), scaled(luma.height(), scale));
    let column_height = 2 * MARGIN + FACE_SIDE as u32 * CROP_FACTOR + 8 + answer.labels.len() as u32 * BAR_STEP;
    let mut canvas = Canvas::new(width + COLUMN, height.max(column_height), PAPER);
    canvas.paste(&resized(luma.width(), luma.height(), luma.pixels(), [width, height]), 0, 0);
    if let Some(face) = face {
        outline(&mut canvas, [face.x, face.y, face.width, face.height].map(|value| value * scale), BOX);
    }
    outline(&mut canvas, [square.x, square.y, square.side, square.side].map(|value| value * scale), CROP);
    // What reached over the picture's edge is covered by the column.
    canvas.fill(width as i32, 0, COLUMN, height.max(column_height), PAPER);

    let (left, side) = (width + MARGIN, FACE_SIDE as u32 * CROP_FACTOR);
    canvas.paste(&resized(FACE_SIDE, FACE_SIDE, crop, [side, side]), left, MARGIN);
    outline(&mut canvas, [left, MARGIN, side, side].map(|value| value as f32), CROP);
    let top = MARGIN + side + 8;
    draw_bars(&mut canvas, left, top, answer);
    canvas.into_picture()
}

fn draw_bars(canvas: &mut Canvas, left: u32, top: u32, answer: &Answer<'_>) {
    let longest_bar = (COLUMN - 2 * MARGIN - NAME_WIDTH - 5 * Canvas::LETTER_WIDTH) as f32;
    let best = most_likely(answer.posteriors);
    for (index, (label, &posterior)) in answer.labels.iter().zip(answer.posteriors).enumerate() {
        let y = (top + index as u32 * BAR_STEP) as i32;
        let color = if best == Some(index) { CROP } else { BAR };
        let length = (posterior.clamp(0.0, 1.0) * longest_bar).round() as u32;
        canvas.text(label.name(), left as i32, y, Alignment::Left, INK);
        let bar_left = (left + NAME_WIDTH) as i32;
        canvas.fill(bar_left, y + 1, length, Canvas::TEXT_HEIGHT - 3, color);
        let percent = format!("{:.0}%", 100.0 * posterior);
        canvas.text(&percent, bar_left + length as i32 + 5, y, Alignment::Left, INK);
    }
}

/// The edge of a rectangle: left, top, width, height.
fn outline(canvas: &mut Canvas, [x, y, width, height]: [f32; 4], color: [u8; 3]) {
    const LINE_WIDTH: f32 = 2.0;
    let corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]];
    for (index, &corner) in corners.iter().enumerate() {
        canvas.line(corner, corners[(index + 1) % corners.len()], LINE_WIDTH, color);
    }
}

fn resized(width: usize, height: usize, pixels: &[u8], [to_width, to_height]: [u32; 2]) -> GrayImage {
    let picture = GrayImage::from_raw(width as u32, height as u32, pixels.to_vec()).unwrap_or_default();
    let filter = if to_width as usize > width { FilterType::Nearest } else { FilterType::Triangle };
    imageops::resize(&picture, to_width, to_height, filter)
}

fn scaled(side: usize, scale: f32) -> u32 {
    ((side as f32 * scale).round() as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn box_crop_and_answer_are_there_whatever_the_size() {
        let answer = Answer { labels: &[Emotion::Happy, Emotion::Sad], posteriors: &[0.8, 0.2] };
        for (width, height) in [(48, 48), (640, 480), (480, 1280), (3000, 60)] {
            let luma = OwnedLuma::new(width, height, vec![90; width * height]).unwrap();
            let side = width.min(height) as f32 / 2.0;
            let face = DetectedFace { x: side / 2.0, y: side / 2.0, width: side, height: side, score: 5.0 };
            let square = CropSquare { x: -side, y: 0.0, side: 4.0 * side };
            let picture = draw(&luma, Some(face), square, &[128; FACE_INPUT], &answer).into_rgb8();
            assert!(picture.width() <= 960 + COLUMN && picture.height() <= 960);
            for color in [BOX, CROP, BAR, INK] {
                assert!(picture.pixels().any(|pixel| pixel.0 == color), "{width}×{height}: {color:?}");
            }
        }
    }
}
