//! A drawing as SVG, for the page it stands on or as a file of its own.

use std::fmt::Write;

use super::{Anchor, FIGURE_STYLE, Figure, Paint, Shape};
use crate::report::data_url;

impl Figure {
    /// A file of its own, with its colours.
    pub fn to_svg(&self) -> String {
        let [width, height] = self.size.map(number);
        let (title, description) = (escaped(&self.title), escaped(&self.description));
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"figure\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>{title}</title>\n<desc>{description}</desc>\n\
             <style>\n{FIGURE_STYLE}</style>\n"
        );
        append(&mut svg, &Shape::Rectangle { corner: [0.0; 2], size: self.size, paint: Paint::Paper });
        self.shapes.iter().for_each(|shape| append(&mut svg, shape));
        svg + "</svg>\n"
    }

    /// A part of a page that has [`FIGURE_STYLE`].
    pub fn to_inline_svg(&self) -> String {
        let [width, height] = self.size.map(number);
        let label = escaped(&format!("{}. {}", self.title, self.description));
        let mut svg = format!(
            "<svg class=\"figure\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
             aria-label=\"{label}\">\n"
        );
        self.shapes.iter().for_each(|shape| append(&mut svg, shape));
        svg + "</svg>\n"
    }
}

fn append(svg: &mut String, shape: &Shape) {
    let line = match shape {
        Shape::Curve { points, width, paint } => {
            let points: Vec<String> = points.iter().map(|&[x, y]| format!("{},{}", number(x), number(y))).collect();
            format!(
                "<polyline class=\"{}\" points=\"{}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"{}\" \
                 stroke-linecap=\"round\" stroke-linejoin=\"round\"/>",
                paint.class(),
                points.join(" "),
                number(*width),
            )
        }
        Shape::Disc { centre: [x, y], radius, paint } => format!(
            "<circle class=\"{}\" cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"currentColor\"/>",
            paint.class(),
            number(*x),
            number(*y),
            number(*radius),
        ),
        Shape::Rectangle { corner, size, paint } => {
            let opacity = match paint.opacity() {
                1.0 => String::new(),
                opacity => format!(" fill-opacity=\"{opacity:.3}\""),
            };
            format!("<rect class=\"{}\" {} fill=\"currentColor\"{opacity}/>", paint.class(), place(*corner, *size))
        }
        Shape::Text { text, at: [x, y], anchor, paint } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            format!(
                "<text class=\"{}\" x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\" dominant-baseline=\"central\" \
                 fill=\"currentColor\">{}</text>",
                paint.class(),
                number(*x),
                number(*y),
                escaped(text),
            )
        }
        Shape::Picture { picture, corner, size } => format!(
            "<image {} href=\"{}\" preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\"/>",
            place(*corner, *size),
            data_url(picture),
        ),
    };
    svg.push_str(&line);
    svg.push('\n');
}

fn place([x, y]: [f32; 2], [width, height]: [f32; 2]) -> String {
    let [x, y, width, height] = [x, y, width, height].map(number);
    format!("x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"")
}

/// With one decimal, where it has one.
fn number(value: f32) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

/// Text that can't be taken for tags.
fn escaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    maud::Escaper::new(&mut result).write_str(text).expect("a string takes everything");
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_whatever_it_says() {
        let mut figure = Figure::new([10.0, 10.0], "a \"title\" & more", "<desc>");
        figure.text("</svg><script>", [5.0, 5.0], Anchor::End, Paint::Ink);
        let svg = figure.to_svg();
        assert!(svg.contains("&lt;/svg&gt;&lt;script&gt;") && svg.contains("<desc>&lt;desc&gt;</desc>"), "{svg}");
        assert_eq!(svg.matches("</svg>").count(), 1);
        let inline = figure.to_inline_svg();
        assert!(inline.contains("aria-label=\"a &quot;title&quot; &amp; more. &lt;desc&gt;\""), "{inline}");
        assert!(!inline.contains("http"), "nothing on a page points outside");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([3.0, 0.25, -7.96].map(number), ["3", "0.2", "-8"]);
    }
}
