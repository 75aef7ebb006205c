//! The colours of reports, by what they are for.

/// What something is drawn with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Paint {
    /// Text and axes.
    Ink,
    /// Grids, and what stays behind.
    Faint,
    /// The background.
    Paper,
    /// A curve, by its number; told apart by people who can't tell red from green (Okabe & Ito 2008).
    Series(usize),
    /// A cell of a table, from nothing (0) to all (1).
    Heat(f32),
    /// Text in such a cell.
    OnHeat(f32),
}

/// CSS of the colours' roles, on bright and on dark screens. Paper to print on is always bright.
pub const FIGURE_STYLE: &str = include_str!("figure.css");

/// Curves that can be told apart.
const SERIES: [[u8; 3]; 6] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233]];

const INK: [u8; 3] = [40, 40, 48];
const FAINT: [u8; 3] = [224, 226, 230];
const PAPER: [u8; 3] = [255; 3];

/// A full cell.
const HEAT: [u8; 3] = [0, 80, 126];

/// Up to here, the text of empty cells is read more easily in a cell (contrast of 4.4 and more), beyond that of full ones.
const HALF_FULL: f32 = 0.74;

impl Paint {
    /// On bright paper.
    pub fn rgb(self) -> [u8; 3] {
        match self {
            Self::Ink => INK,
            Self::Faint => FAINT,
            Self::Paper => PAPER,
            Self::Series(number) => SERIES[number % SERIES.len()],
            Self::Heat(share) => {
                let share = opacity(share);
                std::array::from_fn(|channel| {
                    let (paper, full) = (f32::from(PAPER[channel]), f32::from(HEAT[channel]));
                    (paper + share * (full - paper)).round() as u8
                })
            }
            Self::OnHeat(share) if share > HALF_FULL => [255; 3],
            Self::OnHeat(_) => [0; 3],
        }
    }

    /// Its role in [`FIGURE_STYLE`].
    pub fn class(self) -> &'static str {
        const SERIES_CLASSES: [&str; SERIES.len()] =
            ["series-0", "series-1", "series-2", "series-3", "series-4", "series-5"];
        match self {
            Self::Ink => "ink",
            Self::Faint => "faint",
            Self::Paper => "paper",
            Self::Series(number) => SERIES_CLASSES[number % SERIES.len()],
            Self::Heat(_) => "heat",
            Self::OnHeat(share) if share > HALF_FULL => "on-full",
            Self::OnHeat(_) => "on-empty",
        }
    }

    /// How much of it covers what is behind, 0 to 1.
    pub fn opacity(self) -> f32 {
        if let Self::Heat(share) = self { opacity(share) } else { 1.0 }
    }
}

fn opacity(share: f32) -> f32 {
    if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn svg_and_png_have_the_same_colours() {
        let light = FIGURE_STYLE.split("@media").next().unwrap();
        let others = [Paint::Ink, Paint::Faint, Paint::Paper, Paint::Heat(1.0), Paint::OnHeat(0.0), Paint::OnHeat(1.0)];
        let paints = others.into_iter().chain((0..SERIES.len()).map(Paint::Series));
        for paint in paints {
            let [red, green, blue] = paint.rgb();
            let rule = format!("--{}: #{red:02x}{green:02x}{blue:02x};", paint.class());
            assert!(light.contains(&rule), "{rule}");
        }
    }

    #[test]
    fn a_full_cell_is_dark_and_an_empty_one_paper() {
        assert_eq!((Paint::Heat(0.0).rgb(), Paint::Heat(f32::NAN).rgb()), (PAPER, PAPER));
        assert_eq!(Paint::Heat(1.0).rgb(), HEAT);
        assert_eq!((Paint::OnHeat(1.0).rgb(), Paint::OnHeat(0.1).rgb()), ([255; 3], [0; 3]));
    }
}
