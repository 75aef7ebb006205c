//! What was measured, as a table for people and as JSON for programs.

use super::measure::Cost;
use crate::start::Networks;
use moodbox_shared::model::{LayerSummary, Model};
use moodbox_shared::nn::Isa;
use serde::Serialize;
use std::io::{self, Write};

/// Everything that `moodbox bench` says.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The program's version.
    pub version: &'static str,
    /// The board or processor.
    pub cpu: String,
    /// The instructions that the networks used.
    pub isa: &'static str,
    /// Checksum of the face network, as eight hexadecimal digits.
    pub face_model: Option<String>,
    /// Checksum of the speech network.
    pub speech_model: Option<String>,
    /// Runs of each stage that were asked for.
    pub runs: usize,
    /// The stages in the order in which the data meets them.
    pub stages: Vec<StageCost>,
}

/// One stage.
#[derive(Clone, Debug, Serialize)]
pub struct StageCost {
    /// What it is called.
    pub name: &'static str,
    /// Half of the runs took no longer, in microseconds.
    pub median_us: f64,
    /// 99 of 100 runs took no longer, in microseconds.
    pub p99_us: f64,
    /// Requests for memory of a run.
    pub allocations: u64,
    /// Runs that there was time for.
    pub runs: usize,
    /// More about a network.
    #[serde(flatten)]
    pub network: Option<NetworkCost>,
}

/// A network and its layers.
#[derive(Clone, Debug, Serialize)]
pub struct NetworkCost {
    /// Millions of multiplications of a run.
    pub mmac: f64,
    /// The same a second.
    pub mmac_per_s: f64,
    /// The layers in the order in which they run.
    pub layers: Vec<LayerCost>,
}

/// One layer.
#[derive(Clone, Debug, Serialize)]
pub struct LayerCost {
    /// Counted from 0.
    pub index: usize,
    /// What it computes.
    pub operation: &'static str,
    /// Height, width and channels of what it makes.
    pub output: [u16; 3],
    /// Millions of multiplications of a run.
    pub mmac: f64,
    /// Half of the runs took no longer, in microseconds.
    pub median_us: f64,
    /// Millions of multiplications a second.
    pub mmac_per_s: f64,
}

impl Report {
    /// Nothing measured yet.
    pub(super) fn new(cpu: String, isa: Isa, networks: Networks, runs: usize) -> Self {
        let hash = |model: Option<&Model<'_>>| model.map(|model| format!("{:08x}", model.crc32()));
        Self {
            version: env!("CARGO_PKG_VERSION"),
            cpu,
            isa: isa.name(),
            face_model: hash(networks.face),
            speech_model: hash(networks.speech),
            runs,
            stages: Vec::new(),
        }
    }

    /// One JSON object and a line feed.
    pub fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }

    /// A table, each layer below its network.
    pub fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { version, cpu, isa, runs, .. } = self;
        writeln!(out, "moodbox {version} on {cpu}, one thread, {isa}, up to {runs} runs of each stage")?;
        for (task, hash) in [("face", &self.face_model), ("speech", &self.speech_model)] {
            writeln!(out, "{task} model {}", hash.as_deref().unwrap_or("–"))?;
        }
        writeln!(out)?;
        let [stage, median, p99, allocations, mmac, rate] =
            ["stage", "median µs", "p99 µs", "allocations", "MMAC", "MMAC/s"];
        writeln!(out, "{stage:<36} {median:>11} {p99:>11} {allocations:>11} {mmac:>8} {rate:>8}")?;
        for stage in &self.stages {
            let StageCost { name, median_us, p99_us, allocations, .. } = stage;
            write!(out, "{name:<36} {median_us:>11.2} {p99_us:>11.2} {allocations:>11}")?;
            let Some(network) = &stage.network else {
                writeln!(out)?;
                continue;
            };
            writeln!(out, " {:>8.3} {:>8.0}", network.mmac, network.mmac_per_s)?;
            for LayerCost { index, operation, output: [height, width, channels], mmac, median_us, mmac_per_s } in
                &network.layers
            {
                let layer = format!("{index:>4} {operation} {height}×{width}×{channels}");
                write!(out, "{layer:<36} {median_us:>11.2}")?;
                match *mmac > 0.0 {
                    true => writeln!(out, " {:>11} {:>11} {mmac:>8.3} {mmac_per_s:>8.0}", "", "")?,
                    false => writeln!(out)?,
                }
            }
        }
        Ok(())
    }
}

impl StageCost {
    pub(super) fn new(name: &'static str, cost: Cost, network: Option<NetworkCost>) -> Self {
        let Cost { median_us, p99_us, allocations, runs } = cost;
        Self { name, median_us: rounded(median_us), p99_us: rounded(p99_us), allocations, runs, network }
    }
}

impl NetworkCost {
    /// * `layers_us`: median time of each layer
    pub(super) fn new(model: &Model<'_>, cost: &Cost, layers_us: &[f64]) -> Self {
        let layer = |((index, layer), &median_us): ((usize, LayerSummary), &f64)| {
            let output = layer.output;
            LayerCost {
                index,
                operation: layer.operation,
                output: [output.height, output.width, output.channels],
                mmac: layer.macs as f64 / 1e6,
                median_us: rounded(median_us),
                mmac_per_s: rate(layer.macs, median_us),
            }
        };
        let macs = model.network().macs();
        Self {
            mmac: macs as f64 / 1e6,
            mmac_per_s: rate(macs, cost.median_us),
            layers: model.header().plan.summaries().enumerate().zip(layers_us).map(layer).collect(),
        }
    }
}

/// Millions a second; none where no time was measured.
fn rate(macs: u64, time_us: f64) -> f64 {
    if time_us > 0.0 { rounded(macs as f64 / time_us) } else { 0.0 }
}

/// To three digits behind the point: the clock tells no more.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
