//! Drawings of reports: shapes go in once, SVG and PNG come out alike.
//!
//! Lengths are in points: CSS pixels in SVG, one and a half pixels in PNG. Colours are roles, so that SVG follows a dark screen.

mod axes;
mod paint;
mod raster;
mod svg;

use std::path::Path;

use image::RgbImage;

use super::{ReportError, write_file, write_png};

pub use axes::{Axes, Range};
pub use paint::{FIGURE_STYLE, Paint};

/// A drawing.
#[derive(Clone, Debug)]
pub struct Figure {
    size: [f32; 2],
    title: String,
    description: String,
    shapes: Vec<Shape>,
}

/// Where a text stands beside its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

#[derive(Clone, Debug)]
enum Shape {
    Curve { points: Vec<[f32; 2]>, width: f32, paint: Paint },
    Disc { centre: [f32; 2], radius: f32, paint: Paint },
    Rectangle { corner: [f32; 2], size: [f32; 2], paint: Paint },
    Text { text: String, at: [f32; 2], anchor: Anchor, paint: Paint },
    Picture { picture: RgbImage, corner: [f32; 2], size: [f32; 2] },
}

impl Figure {
    /// Height of a line of text, in points.
    pub const TEXT_HEIGHT: f32 = 13.0;

    /// What a letter takes at most, in points.
    pub const LETTER_WIDTH: f32 = 7.2;

    /// An empty drawing.
    ///
    /// * `size`: width and height
    /// * `title`, `description`: what it shows, for people who can't see it
    pub fn new(size: [f32; 2], title: impl Into<String>, description: impl Into<String>) -> Self {
        Self { size, title: title.into(), description: description.into(), shapes: Vec::new() }
    }

    /// Width and height.
    pub fn size(&self) -> [f32; 2] {
        self.size
    }

    /// What it shows.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// A straight line.
    pub fn line(&mut self, from: [f32; 2], to: [f32; 2], width: f32, paint: Paint) {
        self.curve(&[from, to], width, paint);
    }

    /// A broken straight line.
    pub fn dashed_line(&mut self, from: [f32; 2], to: [f32; 2], width: f32, paint: Paint) {
        const DASH: f32 = 5.0;
        let along = [to[0] - from[0], to[1] - from[1]];
        let length = along[0].hypot(along[1]);
        let at = |distance: f32| {
            let share = (distance / length).min(1.0);
            [from[0] + share * along[0], from[1] + share * along[1]]
        };
        let dashes = if length.is_finite() { (length / (2.0 * DASH)).ceil() as usize } else { 0 };
        for start in (0..dashes).map(|dash| dash as f32 * 2.0 * DASH) {
            self.line(at(start), at(start + DASH), width, paint);
        }
    }

    /// A line through points; where one is no number, the line has a gap.
    pub fn curve(&mut self, points: &[[f32; 2]], width: f32, paint: Paint) {
        for points in points.split(|point| !point.iter().all(|value| value.is_finite())) {
            match *points {
                [] => {}
                [only] => self.disc(only, width, paint),
                _ => self.shapes.push(Shape::Curve { points: points.to_vec(), width, paint }),
            }
        }
    }

    /// A filled disc; one at no number is nowhere.
    pub fn disc(&mut self, centre: [f32; 2], radius: f32, paint: Paint) {
        if centre.iter().all(|value| value.is_finite()) {
            self.shapes.push(Shape::Disc { centre, radius, paint });
        }
    }

    /// A filled rectangle; `corner` is the upper left one.
    pub fn rectangle(&mut self, corner: [f32; 2], size: [f32; 2], paint: Paint) {
        if [corner, size].as_flattened().iter().all(|value| value.is_finite()) {
            self.shapes.push(Shape::Rectangle { corner, size, paint });
        }
    }

    /// Text on one line; `at` is at half its height.
    pub fn text(&mut self, text: impl Into<String>, at: [f32; 2], anchor: Anchor, paint: Paint) {
        self.shapes.push(Shape::Text { text: text.into(), at, anchor, paint });
    }

    /// A picture, its pixels as squares; `corner` is the upper left one.
    pub fn picture(&mut self, picture: RgbImage, corner: [f32; 2], size: [f32; 2]) {
        self.shapes.push(Shape::Picture { picture, corner, size });
    }

    /// Names of curves, each behind a stretch of its colour, on a line that ends at `right`.
    pub fn legend(&mut self, names: &[(&str, Paint)], [right, y]: [f32; 2]) {
        let mut right = right;
        for &(name, paint) in names.iter().rev() {
            let left = right - name.chars().count() as f32 * Self::LETTER_WIDTH;
            self.text(name, [left, y], Anchor::Start, Paint::Ink);
            self.line([left - 20.0, y], [left - 6.0, y], 2.5, paint);
            right = left - 34.0;
        }
    }

    /// Writes the drawing as `NAME.svg` and `NAME.png`.
    pub fn write(&self, folder: &Path, name: &str) -> Result<(), ReportError> {
        write_file(&folder.join(format!("{name}.svg")), self.to_svg().as_bytes())?;
        write_png(&folder.join(format!("{name}.png")), &self.to_picture())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_leaves_a_gap() {
        let mut figure = Figure::new([40.0, 20.0], "", "");
        let at = |x: f32| [x, 10.0];
        figure.curve(&[at(1.0), at(9.0), at(f32::NAN), at(20.0), at(f32::INFINITY)], 2.0, Paint::Ink);
        figure.disc(at(f32::NAN), 2.0, Paint::Ink);
        figure.dashed_line(at(0.0), at(f32::NAN), 1.0, Paint::Ink);
        figure.dashed_line(at(3.0), at(3.0), 1.0, Paint::Ink);
        let svg = figure.to_svg();
        assert_eq!((svg.matches("<polyline").count(), svg.matches("<circle").count()), (1, 1), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        figure.to_picture();
    }
}
