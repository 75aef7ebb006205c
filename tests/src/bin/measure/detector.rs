//! What the face detector finds and what it costs: by size, roll and light of a face whose place is known, and by size of the frame.

use crate::cpu_time::taking_ms;
use crate::pictures::{self, Labelled};
use crate::report::Report;
use crate::statistics::Spread;
use crate::watcher::overlap;
use moodbox_shared::media::face_detector::FaceDetector;
use moodbox_shared::vision::most_prominent;
use moodbox_tests::counting_allocator::counting;
use moodbox_tests::scene::{Portrait, Setting};
use plotters::prelude::*;
use rayon::prelude::*;
use std::path::Path;

/// Pictures of the training split that each row is measured with.
const PICTURES: usize = 300;

const SEED: u64 = 4;

/// Overlap from which a box counts as that of the face.
const FOUND: f32 = 0.3;

const VGA: (usize, usize) = (640, 480);
const QVGA: (usize, usize) = (320, 240);

/// What became of one frame.
enum Outcome {
    /// Overlap of the box with the true one.
    Found(f32),
    Elsewhere,
    Missed,
}

/// Writes the report.
pub fn measure(data: &Path, out: &Path) -> anyhow::Result<()> {
    let pictures = pictures::of_training(data, PICTURES, SEED)?;
    let mut report = Report::new("detector", "The face detector");
    report.paragraph(format!(
        "`rustface` on frames as in [framing](framing.md), each row with the same {PICTURES} pictures of FER2013's training split. Sizes are \
         sides of FER2013's framing. Found: the face that the box would follow overlaps the true place by {FOUND} or more (intersection over \
         union of the detector's box and the true framing turned into a box); elsewhere: it follows something else. Medians of the overlap of \
         what was found, with the range that holds 90 % in brackets.",
    ));

    report.paragraph("## By size, 640×480");
    let sizes = [40.0, 48.0, 56.0, 72.0, 96.0, 144.0, 200.0, 300.0, 440.0];
    table(
        &mut report,
        "side",
        &pictures,
        sizes.map(|side| (format!("{side} px"), move |index| Setting::somewhere(VGA, side, seed(index)))),
    )?;

    report.paragraph("## By roll, 120 px in 320×240");
    let rolls = [-30.0, -25.0, -20.0, -15.0, -10.0, 0.0, 10.0, 15.0, 20.0, 25.0, 30.0];
    let found = table(
        &mut report,
        "clockwise",
        &pictures,
        rolls.map(|roll_degrees| {
            (format!("{roll_degrees}°"), move |index| Setting {
                roll_degrees,
                ..Setting::somewhere(QVGA, 120.0, seed(index))
            })
        }),
    )?;
    let curve: Vec<(f32, f32)> = rolls.into_iter().zip(found).collect();
    report.drawing(
        out,
        "roll",
        "Share of faces found, by roll",
        &draw("roll, degrees clockwise", "found, %", &curve)?,
    )?;

    report.paragraph("## By light, 120 px in 320×240\n\nGrey levels are multiplied by the first number, then the second one is added; the noise stays at 1.5 grey levels.");
    let lights = [
        (1.0, 0.0),
        (0.5, 0.0),
        (0.25, 0.0),
        (0.12, 0.0),
        (0.06, 0.0),
        (0.5, 64.0),
        (0.25, 96.0),
        (0.12, 112.0),
        (1.0, -80.0),
        (1.0, 80.0),
    ];
    table(
        &mut report,
        "light",
        &pictures,
        lights.map(|(contrast, brightness)| {
            let name = format!("× {contrast} {brightness:+}");
            (name, move |index| Setting { contrast, brightness, ..Setting::somewhere(QVGA, 120.0, seed(index)) })
        }),
    )?;

    report.paragraph(
        "## Cost\n\nProcessor time on this machine, a face of half the frame's height; median of 30 frames, with the range that holds 90 % in brackets. \
         Frames whose longer side is beyond 640 pixels are scaled down by a whole factor first. The box looks at every fifth frame \
         (`detect_every_frames`) and wherever the picture jumps.",
    );
    let frames = [QVGA, VGA, (1280, 720), (1920, 1080)];
    let rows: Vec<[String; 3]> = frames.into_iter().map(|size| time(size, &pictures)).collect::<anyhow::Result<_>>()?;
    report.table(["frame", "ms a frame", "allocations a frame"], rows);
    report.finish(out)
}

fn seed(index: usize) -> u64 {
    SEED.wrapping_mul(1_000_003).wrapping_add(index as u64)
}

/// Measures and lists rows; returns the share that was found in each, in percent.
fn table<const N: usize, F: Fn(usize) -> Setting + Sync>(
    report: &mut Report,
    what: &str,
    pictures: &[Labelled],
    rows: [(String, F); N],
) -> anyhow::Result<Vec<f32>> {
    let (mut cells, mut found) = (Vec::new(), Vec::new());
    for (name, setting) in rows {
        let outcomes: Vec<Outcome> = pictures
            .par_iter()
            .enumerate()
            .map_init(FaceDetector::new, |detector, (index, labelled)| {
                let detector = detector.as_mut().map_err(|error| anyhow::anyhow!("{error}"))?;
                Ok(look(detector, labelled, &setting(index)))
            })
            .collect::<anyhow::Result<_>>()?;
        let overlaps: Vec<f32> = outcomes
            .iter()
            .filter_map(|outcome| if let Outcome::Found(overlap) = outcome { Some(*overlap) } else { None })
            .collect();
        let elsewhere = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Elsewhere)).count();
        let share = |count: usize| 100.0 * count as f32 / outcomes.len() as f32;
        let percent = |count: usize| format!("{:.1} %", share(count));
        found.push(share(overlaps.len()));
        let overlap = if overlaps.is_empty() { "–".into() } else { Spread::of(overlaps.iter().copied()).to_string() };
        cells.push([name, percent(overlaps.len()), percent(elsewhere), overlap]);
    }
    report.table([what, "found", "elsewhere", "overlap"], cells);
    Ok(found)
}

fn look(detector: &mut FaceDetector, labelled: &Labelled, setting: &Setting) -> Outcome {
    let frame = Portrait::new(&labelled.picture).frame(setting);
    let image = frame.view();
    match most_prominent(&detector.look(&image), &image) {
        None => Outcome::Missed,
        // Both squares grow by the same factor from box to framing: their overlap is that of the boxes.
        Some(face) => match overlap(face.crop(), setting.truth()) {
            overlap if overlap >= FOUND => Outcome::Found(overlap),
            _ => Outcome::Elsewhere,
        },
    }
}

fn time(size: (usize, usize), pictures: &[Labelled]) -> anyhow::Result<[String; 3]> {
    let mut detector = FaceDetector::new()?;
    let (mut times_ms, mut counts) = (Vec::new(), Vec::new());
    for (index, labelled) in pictures.iter().take(30).enumerate() {
        let setting = Setting::somewhere(size, size.1 as f32 / 2.0, seed(index));
        let frame = Portrait::new(&labelled.picture).frame(&setting);
        let ((_, allocations), time_ms) = taking_ms(|| counting(|| detector.look(&frame.view())));
        times_ms.push(time_ms as f32);
        counts.push(allocations as f32);
    }
    let cell = |spread: Spread, digits: usize| {
        format!("{:.digits$} [{:.digits$}, {:.digits$}]", spread.median, spread.low, spread.high)
    };
    Ok([format!("{}×{}", size.0, size.1), cell(Spread::of(times_ms), 1), cell(Spread::of(counts), 0)])
}

/// A line through `points` over an axis of percent, as SVG.
fn draw(across: &str, up: &str, points: &[(f32, f32)]) -> anyhow::Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (640, 360)).into_drawing_area();
        area.fill(&WHITE)?;
        let (first, last) = (points.first().map_or(0.0, |point| point.0), points.last().map_or(1.0, |point| point.0));
        let mut chart = ChartBuilder::on(&area)
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(50)
            .build_cartesian_2d(first..last, 0.0f32..100.0)?;
        chart.configure_mesh().x_desc(across).y_desc(up).draw()?;
        chart.draw_series(LineSeries::new(points.iter().copied(), &BLUE))?;
        area.present()?;
    }
    Ok(svg)
}
