//! How accuracy falls under disturbances: what a measurement writes into a run's folder, and its diagrams.

use serde::{Deserialize, Serialize};

use super::figure::{Anchor, Axes, Figure, Paint, Range};

/// Accuracy by the strength of one disturbance. `robustness.json` is a list of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RobustnessCurve {
    /// What is done to the input: "blur", "babble noise".
    pub disturbance: String,
    /// What its level is counted in: "dB", "°".
    pub unit: String,
    /// By ascending level.
    pub points: Vec<RobustnessPoint>,
}

/// Accuracy at one level of a disturbance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RobustnessPoint {
    /// In the curve's unit.
    pub level: f64,
    /// Share right, 0 to 1.
    pub accuracy: f64,
    /// The same of another network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<f64>,
    /// Pictures or clips that it is the share of.
    pub samples: usize,
}

/// The curves as a table in Markdown.
pub fn robustness_table(curves: &[RobustnessCurve]) -> String {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let has_other = curves.iter().flat_map(|curve| &curve.points).any(|point| point.beside.is_some());
    let (name, line) = if has_other { (" the other network |", " --- |") } else { ("", "") };
    let mut text = format!("| disturbance | level | samples | accuracy |{name}\n| --- | --- | --- | --- |{line}\n");
    for RobustnessCurve { disturbance, unit, points } in curves {
        for RobustnessPoint { level, accuracy, beside, samples } in points {
            let other = beside.map(|share| format!(" {} |", percent(share))).unwrap_or_default();
            text += &format!("| {disturbance} | {level} {unit} | {samples} | {} |{other}\n", percent(*accuracy));
        }
    }
    text
}

const SIZE: [f32; 2] = [400.0, 280.0];

/// Draws one curve.
pub fn robustness_figure(curve: &RobustnessCurve) -> Figure {
    let RobustnessCurve { disturbance, unit, points } = curve;
    let description = match (points.first(), points.last()) {
        (Some(first), Some(last)) => format!(
            "{:.1} % right at {} {unit}, {:.1} % at {} {unit}.",
            100.0 * first.accuracy,
            first.level,
            100.0 * last.accuracy,
            last.level
        ),
        _ => "Nothing was measured.".to_owned(),
    };
    let mut figure = Figure::new(SIZE, format!("Accuracy under {disturbance}"), description);
    let whole = Range { low: 0.0, high: 100.0 };
    let axes = Axes {
        origin: [48.0, SIZE[1] - 44.0],
        size: [SIZE[0] - 72.0, SIZE[1] - 84.0],
        x: Range::around(points.iter().map(|point| point.level as f32), 1e-3, whole),
        y: whole,
    };
    figure.text(format!("Accuracy (%): {disturbance}"), [axes.origin[0], 18.0], Anchor::Start, Paint::Ink);
    axes.draw(&mut figure, axes.x.ticks(6.0).map(|tick| (tick, axes.x.label(tick))), unit);
    let places: Vec<[f32; 2]> =
        points.iter().map(|point| axes.place([point.level as f32, 100.0 * point.accuracy as f32])).collect();
    let beside: Vec<[f32; 2]> = points
        .iter()
        .filter_map(|point| Some(axes.place([point.level as f32, 100.0 * point.beside? as f32])))
        .collect();
    if !beside.is_empty() {
        figure.legend(
            &[("this network", Paint::Series(0)), ("the other", Paint::Series(1))],
            [axes.origin[0] + axes.size[0], 18.0],
        );
        figure.curve(&beside, 1.8, Paint::Series(1));
    }
    figure.curve(&places, 1.8, Paint::Series(0));
    places.iter().for_each(|&place| figure.disc(place, 3.0, Paint::Series(0)));
    figure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_curves_is_read_and_drawn() {
        let json = r#"[{"disturbance": "blur", "unit": "pixels", "points": [
            {"level": 0, "accuracy": 0.8, "samples": 100}, {"level": 2.5, "accuracy": 0.4, "samples": 100}]}]"#;
        let curves: Vec<RobustnessCurve> = serde_json::from_str(json).unwrap();
        let svg = robustness_figure(&curves[0]).to_svg();
        assert!(svg.contains("80.0 % right at 0 pixels, 40.0 % at 2.5 pixels."), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 2);
    }

    #[test]
    fn another_network_stands_beside() {
        let point = |level, accuracy| RobustnessPoint { level, accuracy, beside: Some(accuracy / 2.0), samples: 10 };
        let points = vec![point(0.0, 0.8), point(5.0, 0.5)];
        let curve = RobustnessCurve { disturbance: "fog".to_owned(), unit: "m".to_owned(), points };
        assert!(robustness_figure(&curve).to_svg().contains("the other"));
        let table = robustness_table(&[curve]);
        assert!(table.contains("| fog | 5 m | 10 | 50.0 % | 25.0 % |"), "{table}");
        assert!(table.lines().all(|line| line.matches('|').count() == 6), "{table}");
    }

    #[test]
    fn a_curve_without_points_is_an_empty_diagram() {
        let curve = RobustnessCurve { disturbance: "fog".to_owned(), unit: "m".to_owned(), points: Vec::new() };
        assert!(robustness_figure(&curve).to_svg().contains("Nothing was measured."));
    }
}
