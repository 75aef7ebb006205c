//! From a window of rows to what the speech network reads: level taken out, scaled by training statistics, quantised.

use super::{FEATURES, FeatureRow, MEL_BANDS, SpeechWindow, WINDOW_ROWS};
use crate::nn::Quantization;
use serde::{Deserialize, Serialize};

/// What a speech network reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SpeechInputKind {
    /// The whole window: NHWC `[192, 1, 180]`, time along H. Mel less the window's overall mean, each MFCC less its own mean over the
    /// window, chroma as it is: microphone gain makes no difference.
    Map,
    /// The mean of the rows over time, as it is: NHWC `[180, 1, 1]`.
    Average,
}

impl SpeechInputKind {
    /// Values that the network reads.
    pub const fn input_len(self) -> usize {
        match self {
            Self::Map => WINDOW_ROWS * FEATURES,
            Self::Average => FEATURES,
        }
    }

    /// `[h, w, c]` of the input.
    pub const fn input_shape(self) -> [usize; 3] {
        match self {
            Self::Map => [WINDOW_ROWS, 1, FEATURES],
            Self::Average => [FEATURES, 1, 1],
        }
    }

    /// The input as the float network reads it.
    ///
    /// * `out`: `[input_len()]`
    pub fn scale(self, window: SpeechWindow<'_>, statistics: &SpeechStatistics, out: &mut [f32]) {
        self.for_each(window, statistics, out, |value| value);
    }

    /// The input as the int8 network reads it.
    ///
    /// * `out`: `[input_len()]`
    pub fn quantize(
        self,
        window: SpeechWindow<'_>,
        statistics: &SpeechStatistics,
        quantization: Quantization,
        out: &mut [i8],
    ) {
        self.for_each(window, statistics, out, |value| quantization.quantize(value));
    }

    fn for_each<T>(
        self,
        window: SpeechWindow<'_>,
        statistics: &SpeechStatistics,
        out: &mut [T],
        convert: impl Fn(f32) -> T,
    ) {
        debug_assert_eq!(out.len(), self.input_len());
        match self {
            Self::Map => {
                let levels = levels(window);
                for (target, row) in out.chunks_exact_mut(FEATURES).zip(window.iter()) {
                    fill_row(target, row, &levels, statistics, &convert);
                }
            }
            Self::Average => fill_row(out, &average(window.iter()), &[0.0; FEATURES], statistics, &convert),
        }
    }
}

/// Scales the mean over all rows of a clip ([`average`]) for a network that reads averages.
pub fn scale_average(average: &FeatureRow, statistics: &SpeechStatistics, out: &mut [f32]) {
    fill_row(out, average, &[0.0; FEATURES], statistics, |value| value);
}

/// Quantises the mean over all rows of a clip ([`average`]) for a network that reads averages.
pub fn quantize_average(
    average: &FeatureRow,
    statistics: &SpeechStatistics,
    quantization: Quantization,
    out: &mut [i8],
) {
    fill_row(out, average, &[0.0; FEATURES], statistics, |value| quantization.quantize(value));
}

/// The mean of each value over the rows; zeros where there are none.
pub fn average<'a>(rows: impl IntoIterator<Item = &'a FeatureRow>) -> FeatureRow {
    let mut sums = [0.0f64; FEATURES];
    let mut count = 0u32;
    for row in rows {
        for (sum, &value) in sums.iter_mut().zip(&row.0) {
            *sum += f64::from(value);
        }
        count += 1;
    }
    let scale = 1.0 / f64::from(count.max(1));
    FeatureRow(sums.map(|sum| (sum * scale) as f32))
}

/// What is taken off each value of a map: each MFCC's own mean, nothing off chroma, the overall mean off every mel band.
fn levels(window: SpeechWindow<'_>) -> [f32; FEATURES] {
    let mut levels = average(window.iter()).0;
    levels[FeatureRow::CHROMA_START..FeatureRow::MEL_START].fill(0.0);
    let mel = &mut levels[FeatureRow::MEL_START..];
    let overall = mel.iter().map(|&value| f64::from(value)).sum::<f64>() / MEL_BANDS as f64;
    mel.fill(overall as f32);
    levels
}

fn fill_row<T>(
    out: &mut [T],
    row: &FeatureRow,
    levels: &[f32; FEATURES],
    statistics: &SpeechStatistics,
    convert: impl Fn(f32) -> T,
) {
    let SpeechStatistics { offset, scale } = statistics;
    for ((((target, value), level), offset), scale) in out.iter_mut().zip(&row.0).zip(levels).zip(offset).zip(scale) {
        *target = convert((value - level - offset) * scale);
    }
}

/// Offset and scale of each of the 180 values, from training data: the network reads `(x − offset) · scale`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpeechStatistics {
    /// Mean over the training data, after the level has been taken out.
    #[serde(with = "columns")]
    pub offset: [f32; FEATURES],
    /// One over the standard deviation.
    #[serde(with = "columns")]
    pub scale: [f32; FEATURES],
}

impl SpeechStatistics {
    /// Leaves every value as it is.
    pub const IDENTITY: Self = Self { offset: [0.0; FEATURES], scale: [1.0; FEATURES] };

    /// Whether every offset is finite and every scale finite and positive.
    pub fn is_valid(&self) -> bool {
        self.offset.iter().all(|value| value.is_finite())
            && self.scale.iter().all(|value| value.is_finite() && *value > 0.0)
    }
}

/// serde knows arrays up to 32.
mod columns {
    use super::FEATURES;
    use heapless::Vec;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(values: &[f32; FEATURES], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[f32; FEATURES], D::Error> {
        let values = Vec::<f32, FEATURES>::deserialize(deserializer)?;
        values.into_array().map_err(|values| D::Error::invalid_length(values.len(), &"180 values"))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec;
    use std::vec::Vec;

    fn rows() -> Vec<FeatureRow> {
        (0..WINDOW_ROWS)
            .map(|t| FeatureRow(core::array::from_fn(|k| (k as f32 * 0.37 + t as f32 * 0.11).sin() * 20.0 - 40.0)))
            .collect()
    }

    fn statistics() -> SpeechStatistics {
        SpeechStatistics {
            offset: core::array::from_fn(|k| k as f32 * 0.01),
            scale: core::array::from_fn(|k| 0.05 + k as f32 * 1e-3),
        }
    }

    #[test]
    fn a_map_has_no_level_but_keeps_its_chroma() {
        let rows = rows();
        let mut map = vec![0.0; SpeechInputKind::Map.input_len()];
        SpeechInputKind::Map.scale(SpeechWindow::ending(&rows).unwrap(), &SpeechStatistics::IDENTITY, &mut map);
        let mean = |columns: core::ops::Range<usize>| {
            let width = columns.len();
            let values = map.chunks(FEATURES).flat_map(|row| &row[columns.clone()]).map(|&value| f64::from(value));
            values.sum::<f64>() / (width * WINDOW_ROWS) as f64
        };
        for k in 0..FeatureRow::CHROMA_START {
            assert!(mean(k..k + 1).abs() < 1e-4);
        }
        assert!(mean(FeatureRow::MEL_START..FEATURES).abs() < 1e-4);
        assert!(mean(FeatureRow::MEL_START..FeatureRow::MEL_START + 1).abs() > 0.01, "bands keep their differences");
        for (row, source) in map.chunks(FEATURES).zip(&rows) {
            assert_eq!(row[FeatureRow::CHROMA_START..FeatureRow::MEL_START], *source.chroma());
        }
    }

    #[test]
    fn the_int8_input_is_the_float_input_quantised() {
        let rows = rows();
        let window = SpeechWindow::ending(&rows).unwrap();
        let quantization = Quantization { scale: 0.02, zero_point: -7 };
        for kind in [SpeechInputKind::Map, SpeechInputKind::Average] {
            let (mut float, mut int8) = (vec![0.0; kind.input_len()], vec![0; kind.input_len()]);
            kind.scale(window, &statistics(), &mut float);
            kind.quantize(window, &statistics(), quantization, &mut int8);
            assert!(float.iter().zip(&int8).all(|(&float, &int8)| quantization.quantize(float) == int8));
            assert!(int8.iter().any(|value| *value != int8[0]));
        }
    }

    #[test]
    fn the_average_of_a_window_is_that_of_its_rows() {
        let rows = rows();
        let (mut of_window, mut of_rows) = (vec![0.0; FEATURES], vec![0.0; FEATURES]);
        SpeechInputKind::Average.scale(SpeechWindow::ending(&rows).unwrap(), &statistics(), &mut of_window);
        scale_average(&average(&rows), &statistics(), &mut of_rows);
        assert_eq!(of_window, of_rows);
        assert_eq!(average([]), FeatureRow::ZERO);
    }

    #[test]
    fn statistics_survive_the_model_file() {
        let mut buffer = [0; 2048];
        let bytes = postcard::to_slice(&statistics(), &mut buffer).unwrap();
        assert_eq!(postcard::from_bytes::<SpeechStatistics>(bytes).unwrap(), statistics());
        let short = postcard::to_slice(&([1.0f32; 3].as_slice(), [1.0f32; 3].as_slice()), &mut buffer).unwrap();
        assert!(postcard::from_bytes::<SpeechStatistics>(short).is_err());
    }

    #[test]
    fn statistics_that_would_give_no_number_are_told() {
        assert!(statistics().is_valid());
        for bad in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            let mut statistics = statistics();
            statistics.scale[7] = bad;
            assert!(!statistics.is_valid(), "{bad}");
        }
    }
}
