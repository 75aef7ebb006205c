//! One row of features from one frame of samples: the only place where MFCC, chroma and mel come together.

use super::chroma::ChromaFilters;
use super::mel::{MelFilters, to_decibels};
use super::mfcc::Dct;
use super::spectrum::{ChromaSpectrum, MelSpectrum};
use super::{CHROMA_BINS, CHROMA_FFT, FEATURES, MEL_BANDS, MFCC_COUNT};

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
/// About 130 KB, made once; nothing allocates. Where the stack is small, keep it in a `static` or a box.
pub struct FeatureExtractor {
    mel_spectrum: MelSpectrum,
    mel_filters: MelFilters,
    mel_bands: [f32; MEL_BANDS],
    dct: Dct,
    chroma_spectrum: ChromaSpectrum,
    chroma_filters: ChromaFilters,
}

impl FeatureExtractor {
    /// Computes the tables, in `f64`; takes about a millisecond.
    pub fn new() -> Self {
        let mut extractor = Self {
            mel_spectrum: MelSpectrum::EMPTY,
            mel_filters: MelFilters::EMPTY,
            mel_bands: [0.0; MEL_BANDS],
            dct: Dct::EMPTY,
            chroma_spectrum: ChromaSpectrum::EMPTY,
            chroma_filters: ChromaFilters::EMPTY,
        };
        extractor.mel_spectrum.fill();
        extractor.mel_filters.fill();
        extractor.dct.fill();
        extractor.chroma_spectrum.fill();
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

        for (target, &band) in mel_db.iter_mut().zip(self.mel_power(frame)) {
            *target = to_decibels(band);
        }
        self.dct.apply(mel_db, mfcc);
        self.chroma_filters.apply(self.chroma_spectrum.power(frame), chroma);
    }

    /// Power in each mel band, before the decibels: what the golden vectors are held against.
    ///
    /// * `frame`: its first `MEL_FFT` samples are read
    pub fn mel_power(&mut self, frame: &[f32; CHROMA_FFT]) -> &[f32; MEL_BANDS] {
        self.mel_filters.apply(self.mel_spectrum.power(frame), &mut self.mel_bands);
        &self.mel_bands
    }
}

impl Default for FeatureExtractor {
    fn default() -> Self {
        Self::new()
    }
}
