//! From the bytes of a file to a model that can be trusted.

use super::format::{CHECKSUM, DATA_ALIGNMENT, FORMAT_VERSION, MAGIC, PREAMBLE_BYTES};
use super::{Description, Figures, Header, InputDescription, ModelError, Provenance, Task, check};
use crate::nn::{Isa, Network, WeightLine, softmax};
use crate::{Emotion, FacePosteriors, Posteriors, SpeechPosteriors};

/// Bytes of the checksum at the end.
const CHECKSUM_BYTES: usize = size_of::<u32>();

/// A model, read in place and checked from end to end.
#[derive(Clone, Debug)]
pub struct Model<'a> {
    header: Header,
    network: Network<'a>,
    file_bytes: usize,
    weight_bytes: usize,
    crc32: u32,
}

impl<'a> Model<'a> {
    /// Checks a whole file. What it returns can't fail any more.
    ///
    /// The file is read in place and may lie anywhere; where it starts at a multiple of 16 bytes, so do its weights.
    pub fn load(file: &'a [u8]) -> Result<Self, ModelError> {
        let Parts { header, data, crc32 } = parts(file)?;
        let network = check::network(&header.plan, data)?;
        let model = Self { header, network, file_bytes: file.len(), weight_bytes: data.len(), crc32 };
        model.description().check(model.network.input_shape(), model.network.output_len())?;
        check_provenance(&model.header.provenance)?;
        Ok(model)
    }

    /// What the network looks at or listens to.
    pub fn task(&self) -> Task {
        self.header.input.task()
    }

    /// What the logits mean, in order.
    pub fn labels(&self) -> &[Emotion] {
        &self.header.labels
    }

    /// How the input is made.
    pub fn input(&self) -> &InputDescription {
        &self.header.input
    }

    /// What the logits are divided by before the softmax.
    pub fn temperature(&self) -> f32 {
        self.header.temperature
    }

    /// Share of each label in the data as training saw it; sums to one.
    pub fn priors(&self) -> &[f32] {
        &self.header.priors
    }

    /// Where the model comes from.
    pub fn provenance(&self) -> &Provenance {
        &self.header.provenance
    }

    /// What the network reads and what its logits mean.
    pub fn description(&self) -> Description<'_> {
        let Header { labels, input, temperature, priors, .. } = &self.header;
        Description { labels, input, temperature: *temperature, priors, crc32: self.crc32 }
    }

    /// Everything but the weights.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The network.
    pub fn network(&self) -> &Network<'a> {
        &self.network
    }

    /// Gives the network memory for weights of its own: [`Network::prepare`].
    pub fn prepare(&mut self, isa: Isa, memory: &'a mut [WeightLine]) {
        self.network.prepare(isa, memory);
    }

    /// Length of the file.
    pub fn file_bytes(&self) -> usize {
        self.file_bytes
    }

    /// Bytes of the file that a run reads: weights, biases and factors of all layers.
    pub fn weight_bytes(&self) -> usize {
        self.weight_bytes
    }

    /// The file's checksum: tells models apart.
    pub fn crc32(&self) -> u32 {
        self.crc32
    }

    /// Probabilities of a face's emotions from what [`Network::run`] returned; an emotion that the network does not know has none.
    pub fn face_posteriors(&self, logits: &[i8]) -> FacePosteriors {
        self.posteriors(logits, Emotion::face_index)
    }

    /// Probabilities of a voice's emotions from what [`Network::run`] returned; an emotion that the network does not know has none.
    pub fn speech_posteriors(&self, logits: &[i8]) -> SpeechPosteriors {
        self.posteriors(logits, |emotion| Some(emotion.index()))
    }

    fn posteriors<const N: usize>(&self, logits: &[i8], place: impl Fn(Emotion) -> Option<usize>) -> Posteriors<N> {
        let mut probabilities = [0.0; super::MAX_LABELS];
        softmax(logits, self.network.output_quantization(), self.temperature(), &mut probabilities);
        self.description().by_emotion(&probabilities, place)
    }
}

/// The header of a file, and its data: frame and checksum are checked, the plan is not. For tools that change the one or the other.
pub fn read_header(file: &[u8]) -> Result<(Header, &[u8]), ModelError> {
    parts(file).map(|Parts { header, data, .. }| (header, data))
}

struct Parts<'a> {
    header: Header,
    data: &'a [u8],
    crc32: u32,
}

/// Takes the frame off a file, from the outside in: length, checksum, header.
fn parts(file: &[u8]) -> Result<Parts<'_>, ModelError> {
    let (preamble, rest) = file.split_first_chunk::<PREAMBLE_BYTES>().ok_or(ModelError::NotAModel)?;
    if !preamble.starts_with(&MAGIC) {
        return Err(ModelError::NotAModel);
    }
    let [version, header_bytes, data_bytes] =
        [8, 12, 16].map(|at| u32::from_le_bytes([preamble[at], preamble[at + 1], preamble[at + 2], preamble[at + 3]]));
    if version != FORMAT_VERSION {
        return Err(ModelError::Version { found: version });
    }
    let data_at = (PREAMBLE_BYTES as u64 + u64::from(header_bytes)).next_multiple_of(DATA_ALIGNMENT as u64);
    let data_end = data_at + u64::from(data_bytes);
    let announced = data_end + CHECKSUM_BYTES as u64;
    if announced != file.len() as u64 {
        return Err(ModelError::Length { announced, found: file.len() as u64 });
    }
    // The file is as long as announced, so everything within it fits `usize`.
    let (header, data) = (rest.get(..header_bytes as usize), file.get(data_at as usize..data_end as usize));
    let (Some((contents, stored)), Some(header), Some(data)) = (file.split_last_chunk(), header, data) else {
        return Err(ModelError::NotAModel);
    };
    let (stored, computed) = (u32::from_le_bytes(*stored), CHECKSUM.checksum(contents));
    if stored != computed {
        return Err(ModelError::Checksum { stored, computed });
    }
    // Whatever another build may come to keep there, this one would not know what to do with it.
    let zero = |bytes: Option<&[u8]>| bytes.is_some_and(|bytes| bytes.iter().all(|&byte| byte == 0));
    let filling = file.get(PREAMBLE_BYTES + header.len()..data_at as usize);
    if !zero(preamble.get(20..)) || !zero(filling) || !data.len().is_multiple_of(DATA_ALIGNMENT) {
        return Err(ModelError::Filling);
    }
    match postcard::take_from_bytes(header) {
        Ok((header, [])) => Ok(Parts { header, data, crc32: stored }),
        _ => Err(ModelError::Header),
    }
}

/// Texts go to terminals and figures into reports as they are.
fn check_provenance(provenance: &Provenance) -> Result<(), ModelError> {
    let Provenance { preset, data, split, seed: _, command, trainer, float_figures, int8_figures } = provenance;
    let texts: [&str; 5] = [preset, data, split, command, trainer];
    let shares = |figures: &Figures| [figures.accuracy, figures.unweighted_average_recall];
    let mut shares = [float_figures, int8_figures].into_iter().flatten().flat_map(shares);
    let fine =
        !texts.iter().any(|text| text.contains(char::is_control)) && shares.all(|share| (0.0..=1.0).contains(&share));
    if fine { Ok(()) } else { Err(ModelError::Provenance) }
}
