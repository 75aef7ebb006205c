//! One row of features from one frame of samples: the only place where MFCC, chroma and mel come together.

use super::chroma::ChromaFilters;
use super::mel::{MelFilters, to_decibels};
use super::mfcc::Dct;
use super::spectrum::{self, CHROMA_FFT_BINS, MEL_BINS};
use super::{CHROMA_BINS, CHROMA_FFT, FEATURES, MEL_BANDS, MEL_FFT, MFCC_COUNT};

/// What is known about one hop of sound: 40 MFCC, 12 chroma, 128 mel bands in dB.
///
/// Row `t` of a signal is column `t` of librosa's features with `center=False`: mel and MFCC over samples `256·t .. 256·t + 1024`, chroma
/// over `256·t .. 256·t + 2048`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
pub struct FeatureRow(pub [f32; FEATURES]);

impl FeatureRow {
    /// All zero.
    pub const ZERO: Self = Self([0.0; FEATURES]);

    /// Where chroma begins, after the MFCC.
    pub const CHROMA_START: usize = MFCC_COUNT;

    /// Where the mel bands begin, after chroma.
    pub const MEL_START: usize = MFCC_COUNT + CHROMA_BINS;

    /// `[MFCC_COUNT]`.
    pub fn mfcc(&self) -> &[f32] {
        &self.0[..Self::CHROMA_START]
    }

    /// `[CHROMA_BINS]`, from C, the loudest being 1.
    pub fn chroma(&self) -> &[f32] {
        &self.0[Self::CHROMA_START..Self::MEL_START]
    }

    /// `[MEL_BANDS]`, dB.
    pub fn mel_db(&self) -> &[f32] {
        &self.0[Self::MEL_START..]
    }
}

/// The tables behind the features, and the memory that computing a row takes.
///
/// About 110 KB, made once; nothing allocates. Where the stack is small, keep it in a `static` or a box.
pub struct FeatureExtractor {
    mel_hann: [f32; MEL_FFT],
    chroma_hann: [f32; CHROMA_FFT],
    mel_filters: MelFilters,
    dct: Dct,
    chroma_filters: ChromaFilters,
    mel_scratch: [f32; MEL_FFT],
    mel_power: [f32; MEL_BINS],
    mel_bands: [f32; MEL_BANDS],
    chroma_scratch: [f32; CHROMA_FFT],
    chroma_power: [f32; CHROMA_FFT_BINS],
}

impl FeatureExtractor {
    /// Computes the tables, in `f64`; takes about a millisecond.
    pub fn new() -> Self {
        let mut extractor = Self {
            mel_hann: [0.0; MEL_FFT],
            chroma_hann: [0.0; CHROMA_FFT],
            mel_filters: MelFilters::EMPTY,
            dct: Dct::EMPTY,
            chroma_filters: ChromaFilters::EMPTY,
            mel_scratch: [0.0; MEL_FFT],
            mel_power: [0.0; MEL_BINS],
            mel_bands: [0.0; MEL_BANDS],
            chroma_scratch: [0.0; CHROMA_FFT],
            chroma_power: [0.0; CHROMA_FFT_BINS],
        };
        spectrum::fill_hann(&mut extractor.mel_hann);
        spectrum::fill_hann(&mut extractor.chroma_hann);
        extractor.mel_filters.fill();
        extractor.dct.fill();
        extractor.chroma_filters.fill();
        extractor
    }

    /// Computes one row.
    ///
    /// * `frame`: samples `256·t .. 256·t + 2048` in `[−1, 1)`, see [`super::to_unit`]
    /// * `row`: receives row `t`
    pub fn row(&mut self, frame: &[f32; CHROMA_FFT], row: &mut FeatureRow) {
        let (mfcc, rest) = row.0.split_at_mut(FeatureRow::CHROMA_START);
        let (chroma, mel_db) = rest.split_at_mut(CHROMA_BINS);

        self.mel_power(frame);
        for (target, &band) in mel_db.iter_mut().zip(&self.mel_bands) {
            *target = to_decibels(band);
        }
        self.dct.apply(mel_db, mfcc);

        spectrum::chroma_power(frame, &self.chroma_hann, &mut self.chroma_scratch, &mut self.chroma_power);
        self.chroma_filters.apply(&self.chroma_power, chroma);
    }

    /// Power in each mel band, before the decibels: what the golden vectors are held against.
    ///
    /// * `frame`: its first `MEL_FFT` samples are read
    pub fn mel_power(&mut self, frame: &[f32; CHROMA_FFT]) -> &[f32; MEL_BANDS] {
        spectrum::mel_power(frame, &self.mel_hann, &mut self.mel_scratch, &mut self.mel_power);
        self.mel_filters.apply(&self.mel_power, &mut self.mel_bands);
        &self.mel_bands
    }
}

impl Default for FeatureExtractor {
    fn default() -> Self {
        Self::new()
    }
}
