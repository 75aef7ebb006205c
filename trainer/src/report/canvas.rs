//! A picture to draw reports on: smooth lines, and text in a font that is part of the program.

use embedded_graphics::Drawable;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::iso_8859_1::{FONT_8X13, FONT_10X20};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::{Rgb888, RgbColor};
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};
use image::{DynamicImage, GrayImage, Rgb, RgbImage};

/// 8×13 pixels a letter.
const FONT: &MonoFont<'static> = &FONT_8X13;

/// 10×20 pixels a letter.
const LARGE_FONT: &MonoFont<'static> = &FONT_10X20;

/// An RGB picture with what reports draw; everything outside it is cut off.
#[derive(Clone, Debug)]
pub struct Canvas(RgbImage);

impl Canvas {
    /// Height of a line of text, in pixels.
    pub const TEXT_HEIGHT: u32 = FONT.character_size.height;

    /// Height of a line of large text, in pixels.
    pub const LARGE_TEXT_HEIGHT: u32 = LARGE_FONT.character_size.height;

    /// Width of a letter, in pixels.
    pub const LETTER_WIDTH: u32 = FONT.character_size.width;

    /// An empty picture.
    pub fn new(width: u32, height: u32, background: [u8; 3]) -> Self {
        Self(RgbImage::from_pixel(width, height, Rgb(background)))
    }

    /// The finished picture.
    pub fn into_picture(self) -> DynamicImage {
        DynamicImage::ImageRgb8(self.0)
    }

    /// A line with round ends, its edges smoothed.
    ///
    /// * `from`, `to`: x and y in pixels, pixel centres at whole numbers
    /// * `width`: in pixels
    pub fn line(&mut self, from: [f32; 2], to: [f32; 2], width: f32, color: [u8; 3]) {
        if ![from, to].as_flattened().iter().all(|value| value.is_finite()) {
            return;
        }
        let reach = width / 2.0 + 1.0;
        let (columns, rows) = self.0.dimensions();
        let range = |a: f32, b: f32, end: u32| {
            let first = (a.min(b) - reach).floor().clamp(0.0, end as f32) as u32;
            let last = (a.max(b) + reach).ceil().clamp(-1.0, end as f32 - 1.0) as i64;
            first..(last + 1) as u32
        };
        for y in range(from[1], to[1], rows) {
            for x in range(from[0], to[0], columns) {
                let coverage = width / 2.0 + 0.5 - distance([x as f32, y as f32], from, to);
                self.blend(x, y, color, coverage.clamp(0.0, 1.0));
            }
        }
    }

    /// A filled disc, its edge smoothed.
    pub fn dot(&mut self, centre: [f32; 2], radius: f32, color: [u8; 3]) {
        self.line(centre, centre, 2.0 * radius, color);
    }

    /// A filled rectangle.
    pub fn fill(&mut self, x: i32, y: i32, width: u32, height: u32, color: [u8; 3]) {
        let (columns, rows) = self.0.dimensions();
        let range = |start: i32, length: u32, end: u32| {
            let last = i64::from(start) + i64::from(length);
            start.max(0) as u32..last.clamp(0, i64::from(end)) as u32
        };
        for y in range(y, height, rows) {
            for x in range(x, width, columns) {
                self.0.put_pixel(x, y, Rgb(color));
            }
        }
    }

    /// A gray picture, its upper left corner at `x`, `y`.
    pub fn paste(&mut self, picture: &GrayImage, x: u32, y: u32) {
        self.paste_colors(&DynamicImage::ImageLuma8(picture.clone()).into_rgb8(), x, y);
    }

    /// A picture in colours, its upper left corner at `x`, `y`.
    pub fn paste_colors(&mut self, picture: &RgbImage, x: u32, y: u32) {
        for (column, row, pixel) in picture.enumerate_pixels() {
            if let Some(target) = self.0.get_pixel_mut_checked(x.saturating_add(column), y.saturating_add(row)) {
                *target = *pixel;
            }
        }
    }

    /// Text on one line, its upper edge at `y`; `x` is its left end, middle or right end, as `alignment` says.
    pub fn text(&mut self, text: &str, x: i32, y: i32, alignment: Alignment, color: [u8; 3]) {
        self.write(text, [x, y], alignment, FONT, color);
    }

    /// [`Canvas::text`] in larger letters.
    pub fn large_text(&mut self, text: &str, x: i32, y: i32, alignment: Alignment, color: [u8; 3]) {
        self.write(text, [x, y], alignment, LARGE_FONT, color);
    }

    fn write(&mut self, text: &str, [x, y]: [i32; 2], alignment: Alignment, font: &MonoFont<'_>, color: [u8; 3]) {
        let letters = MonoTextStyle::new(font, Rgb888::new(color[0], color[1], color[2]));
        let placed = TextStyleBuilder::new().alignment(alignment).baseline(Baseline::Top).build();
        let Ok(_) = Text::with_text_style(text, Point::new(x, y), letters, placed).draw(self);
    }

    fn blend(&mut self, x: u32, y: u32, color: [u8; 3], coverage: f32) {
        let pixel = self.0.get_pixel_mut(x, y);
        for (channel, target) in pixel.0.iter_mut().zip(color) {
            *channel = (f32::from(*channel) + (f32::from(target) - f32::from(*channel)) * coverage).round() as u8;
        }
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(self.0.width(), self.0.height())
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = std::convert::Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Self::Error>
    where
        I: IntoIterator<Item = embedded_graphics::Pixel<Rgb888>>,
    {
        for embedded_graphics::Pixel(point, color) in pixels {
            let (Ok(x), Ok(y)) = (u32::try_from(point.x), u32::try_from(point.y)) else { continue };
            if let Some(pixel) = self.0.get_pixel_mut_checked(x, y) {
                *pixel = Rgb([color.r(), color.g(), color.b()]);
            }
        }
        Ok(())
    }
}

/// Of a point from a stretch of a straight line, in pixels.
fn distance(point: [f32; 2], from: [f32; 2], to: [f32; 2]) -> f32 {
    let along = [to[0] - from[0], to[1] - from[1]];
    let length_squared = along[0] * along[0] + along[1] * along[1];
    let offset = [point[0] - from[0], point[1] - from[1]];
    let share = if length_squared > 0.0 { (offset[0] * along[0] + offset[1] * along[1]) / length_squared } else { 0.0 };
    let share = share.clamp(0.0, 1.0);
    (offset[0] - share * along[0]).hypot(offset[1] - share * along[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: [u8; 3] = [0; 3];

    #[test]
    fn whatever_reaches_over_the_edge_is_cut_off() {
        let mut canvas = Canvas::new(20, 10, [255; 3]);
        canvas.line([-100.0, -100.0], [100.0, 100.0], 2.0, BLACK);
        canvas.line([f32::NAN, 0.0], [1.0, 1.0], 2.0, BLACK);
        canvas.line([50.0, 50.0], [60.0, 60.0], 2.0, BLACK);
        canvas.fill(-5, 8, 100, 100, [9; 3]);
        canvas.text("far outside", -500, 5, Alignment::Left, BLACK);
        let picture = canvas.into_picture().into_rgb8();
        assert_eq!(picture.get_pixel(4, 4).0, BLACK);
        assert_eq!(picture.get_pixel(19, 0).0, [255; 3]);
        assert_eq!(picture.get_pixel(0, 9).0, [9; 3]);
    }

    #[test]
    fn text_leaves_marks_where_it_stands() {
        let mut canvas = Canvas::new(60, 20, [255; 3]);
        canvas.text("8", 30, 2, Alignment::Center, BLACK);
        let picture = canvas.into_picture().into_rgb8();
        let dark: Vec<u32> =
            picture.enumerate_pixels().filter(|(_, _, pixel)| pixel.0 == BLACK).map(|(x, _, _)| x).collect();
        assert!(dark.len() > 10 && dark.iter().all(|x| (24..38).contains(x)), "{dark:?}");
    }
}
