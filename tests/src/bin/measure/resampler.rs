//! What the resampler lets through, keeps out, delays and costs; and what else its library offers.

use crate::cpu_time::taking_ms;
use crate::report::Report;
use moodbox_shared::audio::SAMPLE_RATE;
use moodbox_shared::media::StreamResampler;
use moodbox_tests::response::{
    ToneResponse, alias_band_hz, analyse, delay_ms, flat_to_hz, pass_band_hz, respond, tone,
};
use plotters::prelude::*;
use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{
    Async, Fft, FixedAsync, FixedSync, Resampler, Sample, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};
use std::path::Path;

const RATES_HZ: [u32; 9] = [8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000, 44_101];

/// Tones on which a figure rests.
const TONES: usize = 120;

/// Sound that a time is taken over, in seconds.
const TIMED_SECONDS: u32 = 20;

/// Writes `resampler.md`.
pub fn measure(out: &Path) -> anyhow::Result<()> {
    let mut report = Report::new("resampler", "The resampler");
    report.paragraph(
        "From any rate to 16 kHz: each figure is of the samples that come out, their rounding to 16 bits included. *Ripple*: largest \
         distance of a tone's level from 0 dB, from 40 Hz to 7.2 kHz (to 0.45 of the input rate where that is lower). *Beside*: what else \
         came out with such a tone, images and rounding, at most. *Aliases*: what came out of tones above 8 kHz, at most; none exist where \
         the input has no such tones. *Delay*: longest time from a sample's moment to its coming out. *CPU*: on one core of the machine \
         that ran this.",
    );
    let head = ["input, Hz", "flat to, Hz", "ripple, dB", "beside, dB", "aliases, dB", "delay, ms", "CPU, ms a second"];
    report.table(head, RATES_HZ.map(row));
    let svg = draw()?;
    report.drawing(out, "response", "Level of a tone after the resampler, by its frequency", &svg)?;
    alternatives(&mut report)?;
    report.finish(out)
}

fn row(rate_hz: u32) -> [String; 7] {
    let passed: Vec<_> = pass_band_hz(rate_hz, TONES).into_iter().map(|hz| respond(rate_hz, hz)).collect();
    let aliases = alias_band_hz(rate_hz, TONES).into_iter().map(|hz| respond(rate_hz, hz).residual_db);
    let noise: Vec<i16> = (0..rate_hz * TIMED_SECONDS).map(|n| (n.wrapping_mul(2_654_435_761) >> 17) as i16).collect();
    let mut resampler = StreamResampler::new(rate_hz, 1).expect("a rate that is possible");
    let ((), taken_ms) = taking_ms(|| {
        for piece in noise.chunks(rate_hz as usize / 60) {
            resampler.push(piece, |_| {});
        }
    });
    let cpu_ms = taken_ms / f64::from(TIMED_SECONDS);
    [
        rate_hz.to_string(),
        format!("{:.0}", flat_to_hz(rate_hz)),
        format!("{:.5}", ripple_db(&passed)),
        format!("{:.1}", passed.iter().map(|tone| tone.residual_db).fold(-200.0, f64::max)),
        aliases.reduce(f64::max).map_or("–".into(), |db| format!("{db:.1}")),
        format!("{:.1}", delay_ms(rate_hz)),
        format!("{cpu_ms:.1}"),
    ]
}

fn ripple_db(passed: &[ToneResponse]) -> f64 {
    passed.iter().map(|tone| tone.gain_db.abs()).fold(0.0, f64::max)
}

/// Level of everything that comes out, over the frequency of the tone that went in.
fn draw() -> anyhow::Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (960, 420)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(12)
            .x_label_area_size(36)
            .y_label_area_size(52)
            .build_cartesian_2d(0.0..24_000.0, -110.0..5.0)?;
        chart.configure_mesh().x_desc("tone, Hz").y_desc("level out, dB").light_line_style(WHITE).draw()?;
        for (rate_hz, colour) in [(48_000, RGBColor(0, 114, 178)), (44_100, RGBColor(213, 94, 0)), (8_000, BLACK)] {
            let tones = (1..).map(|n| f64::from(n) * 50.0).take_while(|hz| *hz < f64::from(rate_hz) / 2.0);
            let points = tones.map(|hz| {
                let ToneResponse { gain_db, residual_db } = respond(rate_hz, hz);
                (hz, 10.0 * (10f64.powf(gain_db / 10.0) + 10f64.powf(residual_db / 10.0)).log10())
            });
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
                .label(format!("{rate_hz} Hz"))
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        }
        chart.configure_series_labels().border_style(BLACK).background_style(WHITE).draw()?;
        area.present()?;
    }
    Ok(svg)
}

/// Another way that the library offers.
struct Alternative {
    name: &'static str,
    ripple_db: f64,
    alias_db: f64,
    delay_ms: f64,
    cpu_ms: f64,
}

fn alternatives(report: &mut Report) -> anyhow::Result<()> {
    report.paragraph(
        "What else rubato offers, from 44.1 kHz, in chunks of 4 ms where the length is free. The box uses a sinc filter of 20 ms, \
         tabulated for each of the 160 phases, in `f64`. The FFT needs whole blocks: 10 ms ones lie half an input sample off, and a rate \
         like 44 101 Hz takes blocks of a second. In `f32` the last digit of a processor shows: see the share of samples that differ from \
         those in `f64`. The library's own cutoff for the long filter lets tones just above 8 kHz through.",
    );
    let rate_hz = 44_100;
    let sinc = |taps, phases, interpolation, cutoff: Option<f32>| {
        let mut parameters = SincInterpolationParameters::new(taps, WindowFunction::BlackmanHarris);
        parameters.f_cutoff = cutoff;
        parameters.oversampling_factor(phases).interpolation(interpolation)
    };
    let (ratio, chunk) = (16_000.0 / f64::from(rate_hz), rate_hz as usize / 250);
    let nearest = SincInterpolationType::Nearest;
    let own = Some(7_640.0 / 8_000.0);
    let mut found = Vec::new();
    for (name, parameters) in [
        ("sinc 20 ms, 160 phases, f64 (as the box)", sinc(888, 160, nearest, own)),
        ("sinc 10 ms, 160 phases, f64", sinc(448, 160, nearest, Some(0.947))),
        ("sinc 20 ms, cubic of 128 phases, f64", sinc(888, 128, SincInterpolationType::Cubic, own)),
        ("sinc 20 ms, library's cutoff, f64", sinc(888, 160, nearest, None)),
    ] {
        let mut make = || Async::<f64>::new_sinc(ratio, 1.0, &parameters, chunk, 1, FixedAsync::Input);
        found.push(measure_alternative(name, rate_hz, chunk, &mut make)?);
    }
    let parameters = sinc(888, 160, nearest, own);
    let mut single = || Async::<f32>::new_sinc(ratio, 1.0, &parameters, chunk, 1, FixedAsync::Input);
    found.push(measure_alternative("sinc 20 ms, 160 phases, f32", rate_hz, chunk, &mut single)?);
    for (name, block, window) in [
        ("FFT, blocks of 10 ms, f64", 441, WindowFunction::BlackmanHarris),
        ("FFT, blocks of 20 ms, f64", 882, WindowFunction::BlackmanHarris2),
    ] {
        let mut make = || Fft::<f64>::new_custom(rate_hz as usize, SAMPLE_RATE, block, 1, 1, window, FixedSync::Both);
        found.push(measure_alternative(name, rate_hz, block, &mut make)?);
    }
    let head = ["choice", "ripple to 7.2 kHz, dB", "aliases, dB", "delay, ms", "CPU, ms a second"];
    let number = |value: f64, digits: usize| format!("{value:.digits$}");
    report.table(
        head,
        found.iter().map(|way| {
            let name = way.name.to_owned();
            [name, number(way.ripple_db, 5), number(way.alias_db, 1), number(way.delay_ms, 1), number(way.cpu_ms, 1)]
        }),
    );
    let differing = differing_share(rate_hz, chunk, &parameters)?;
    report.paragraph(format!(
        "In `f32`, {:.2} % of the samples of a noise round to another step than in `f64`.",
        100.0 * differing
    ));
    Ok(())
}

/// Tones through a resampler of the library's, its delay being half its filter and a whole chunk.
fn measure_alternative<T: Sample + Into<f64>, R: Resampler<T>, E>(
    name: &'static str,
    rate_hz: u32,
    chunk: usize,
    make: &mut impl FnMut() -> Result<R, E>,
) -> anyhow::Result<Alternative>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let mut worst = (0.0f64, -200.0f64);
    for hz in pass_band_hz(rate_hz, TONES / 2) {
        let output = convert(&mut make()?, &tone(rate_hz, hz))?;
        worst.0 = worst.0.max(analyse(&output, hz).gain_db.abs());
    }
    for hz in alias_band_hz(rate_hz, TONES / 2) {
        let output = convert(&mut make()?, &tone(rate_hz, hz))?;
        worst.1 = worst.1.max(analyse(&output, hz).residual_db);
    }
    let mut resampler = make()?;
    let delay_ms = resampler.output_delay() as f64 * 1e3 / SAMPLE_RATE as f64 + chunk as f64 * 1e3 / f64::from(rate_hz);
    let silence = vec![0.1; (rate_hz * TIMED_SECONDS) as usize];
    let (converted, taken_ms) = taking_ms(|| convert(&mut resampler, &silence));
    converted?;
    let cpu_ms = taken_ms / f64::from(TIMED_SECONDS);
    Ok(Alternative { name, ripple_db: worst.0, alias_db: worst.1, delay_ms, cpu_ms })
}

/// Whole chunks of `input` through the resampler.
fn convert<T: Sample + Into<f64>>(resampler: &mut impl Resampler<T>, input: &[f32]) -> anyhow::Result<Vec<f64>> {
    let input: Vec<T> = input.iter().map(|&sample| T::coerce(sample)).collect();
    let capacity = resampler.output_frames_max();
    let mut buffer = vec![T::coerce(0.0f32); capacity];
    let mut output = Vec::new();
    let mut rest = input.as_slice();
    while rest.len() >= resampler.input_frames_next() {
        let (chunk, after) = rest.split_at(resampler.input_frames_next());
        rest = after;
        let chunk = SequentialSlice::new(chunk, 1, chunk.len())?;
        let mut target = SequentialSlice::new_mut(&mut buffer, 1, capacity)?;
        let (_, count) = resampler.process_into_buffer(&chunk, &mut target, None)?;
        output.extend(buffer[..count].iter().map(|&sample| sample.into()));
    }
    Ok(output)
}

/// Share of the samples that round to another step of 16 bits in `f32` than in `f64`.
fn differing_share(rate_hz: u32, chunk: usize, parameters: &SincInterpolationParameters) -> anyhow::Result<f64> {
    let ratio = SAMPLE_RATE as f64 / f64::from(rate_hz);
    let noise: Vec<f32> =
        (0..rate_hz).map(|n| (n.wrapping_mul(2_654_435_761) >> 17) as f32 / 65_536.0 - 0.25).collect();
    let double = convert(&mut Async::<f64>::new_sinc(ratio, 1.0, parameters, chunk, 1, FixedAsync::Input)?, &noise)?;
    let single = convert(&mut Async::<f32>::new_sinc(ratio, 1.0, parameters, chunk, 1, FixedAsync::Input)?, &noise)?;
    let step = |sample: f64| (sample * 32_768.0).round();
    let differing = double.iter().zip(&single).filter(|(double, single)| step(**double) != step(**single)).count();
    Ok(differing as f64 / double.len() as f64)
}
