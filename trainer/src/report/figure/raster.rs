//! A drawing as pixels, on bright paper.

use embedded_graphics::text::Alignment;
use image::DynamicImage;
use image::imageops::{self, FilterType};

use super::{Anchor, Figure, Paint, Shape};
use crate::report::Canvas;

/// Pixels a point.
const SCALE: f32 = 1.5;

impl Figure {
    /// The drawing as a picture.
    pub fn to_picture(&self) -> DynamicImage {
        let [width, height] = self.size.map(pixels);
        let mut canvas = Canvas::new(width, height, Paint::Paper.rgb());
        self.shapes.iter().for_each(|shape| draw(&mut canvas, shape));
        canvas.into_picture()
    }
}

fn draw(canvas: &mut Canvas, shape: &Shape) {
    match shape {
        Shape::Curve { points, width, paint } => {
            for pair in points.windows(2) {
                canvas.line(scaled(pair[0]), scaled(pair[1]), width * SCALE, paint.rgb());
            }
        }
        Shape::Disc { centre, radius, paint } => canvas.dot(scaled(*centre), radius * SCALE, paint.rgb()),
        Shape::Rectangle { corner, size, paint } => {
            // Neighbours share an edge: both of its sides are rounded, not its length.
            let [left, top] = scaled(*corner).map(f32::round);
            let [right, bottom] = scaled([corner[0] + size[0], corner[1] + size[1]]).map(f32::round);
            let (width, height) = ((right - left).max(0.0) as u32, (bottom - top).max(0.0) as u32);
            canvas.fill(left as i32, top as i32, width, height, paint.rgb());
        }
        Shape::Text { text, at, anchor, paint } => {
            let [x, y] = scaled(*at).map(f32::round);
            let alignment = match anchor {
                Anchor::Start => Alignment::Left,
                Anchor::Middle => Alignment::Center,
                Anchor::End => Alignment::Right,
            };
            canvas.large_text(
                text,
                x as i32,
                y as i32 - (Canvas::LARGE_TEXT_HEIGHT / 2) as i32,
                alignment,
                paint.rgb(),
            );
        }
        Shape::Picture { picture, corner, size } => {
            let [width, height] = size.map(pixels);
            let enlarged = imageops::resize(picture, width, height, FilterType::Nearest);
            let [x, y] = corner.map(pixels);
            canvas.paste_colors(&enlarged, x, y);
        }
    }
}

fn scaled(point: [f32; 2]) -> [f32; 2] {
    point.map(|value| value * SCALE)
}

fn pixels(length: f32) -> u32 {
    (length * SCALE).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_leaves_its_colour() {
        let mut figure = Figure::new([100.0, 60.0], "", "");
        figure.line([5.0, 5.0], [95.0, 5.0], 2.0, Paint::Series(0));
        figure.disc([20.0, 20.0], 4.0, Paint::Series(1));
        figure.rectangle([40.0, 15.0], [10.0, 10.0], Paint::Heat(1.0));
        figure.text("M", [60.0, 40.0], Anchor::Middle, Paint::Ink);
        figure.picture(image::RgbImage::from_pixel(2, 2, image::Rgb([1, 2, 3])), [80.0, 40.0], [12.0, 12.0]);
        let picture = figure.to_picture().into_rgb8();
        assert_eq!(picture.dimensions(), (150, 90));
        let at = |x: f32, y: f32| picture.get_pixel(pixels(x), pixels(y)).0;
        assert_eq!(at(50.0, 5.0), Paint::Series(0).rgb());
        assert_eq!(at(20.0, 20.0), Paint::Series(1).rgb());
        assert_eq!(at(45.0, 20.0), Paint::Heat(1.0).rgb());
        assert_eq!(at(86.0, 46.0), [1, 2, 3]);
        assert!(picture.pixels().any(|pixel| pixel.0 == Paint::Ink.rgb()));
    }
}
