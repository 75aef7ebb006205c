//! One change of a header or of the data: to numbers that are plausible by themselves, and to those at the ends of their types.

use fastrand::Rng;
use moodbox_shared::Emotion;
use moodbox_shared::audio::{SpeechInputKind, SpeechStatistics};
use moodbox_shared::model::{Header, InputDescription, LayerDescription, MAX_ARENA_BYTES, Operation, SpeechConstants};
use moodbox_shared::nn::{ClampRange, Quantization, Shape, Window};

/// Changes one thing.
pub fn header(header: &mut Header, random: &mut Rng) {
    let count = header.plan.layers.len();
    if count == 0 || random.u8(..12) == 0 {
        return around_the_plan(header, random);
    }
    let index = random.usize(..count);
    let layer = header.plan.layers[index];
    let changed = &mut header.plan.layers[index];
    match random.u8(..14) {
        0 => changed.operation = operation(index, random),
        1 => {
            let added = LayerDescription { operation: operation(index, random), ..layer };
            let _ = header.plan.layers.insert(index, added);
        }
        2 => drop(header.plan.layers.remove(index)),
        3 => header.plan.layers.swap(index, random.usize(..count)),
        4 => changed.input = earlier(index, random),
        5 => changed.output.shape = shape(layer.output.shape, random),
        6 => changed.output.quantization = quantization(layer.output.quantization, random),
        7 | 8 => changed.output.offset = offset(layer.output.offset, header.plan.arena_bytes, random),
        9 | 10 => change_window(&mut changed.operation, random),
        11 => change_range(&mut changed.operation, random),
        12 => change_parameters(&mut changed.operation, random),
        _ => match &mut changed.operation {
            Operation::Add { other, .. } | Operation::Concat { other } => *other = earlier(index, random),
            _ => changed.operation = operation(index, random),
        },
    }
}

/// Changes some of the data: single numbers, whole parts, the length.
pub fn data(data: &mut Vec<u8>, random: &mut Rng) {
    if data.is_empty() || random.u8(..8) == 0 {
        return data.resize(random.usize(..data.len() + 64), random.u8(..));
    }
    let at = random.usize(..data.len());
    match random.u8(..3) {
        0 => data[at] = [0x80, 0x7f, 0x81, 0, random.u8(..)][random.usize(..5)],
        1 => {
            let number = [i32::MIN, i32::MAX, -1, 0, 30, 31, 62, 63, 1 << 30, random.i32(..)][random.usize(..10)];
            let at = at / 4 * 4;
            data[at..].iter_mut().zip(number.to_le_bytes()).for_each(|(byte, new)| *byte = new);
        }
        _ => {
            let end = (at + random.usize(1..65)).min(data.len());
            data[at..end].fill([0x80, 0x7f, 0x81, 0, 1][random.usize(..5)]);
        }
    }
}

fn around_the_plan(header: &mut Header, random: &mut Rng) {
    match random.u8(..8) {
        0 => header.plan.input.quantization = quantization(header.plan.input.quantization, random),
        1 => header.plan.input.offset = offset(header.plan.input.offset, header.plan.arena_bytes, random),
        2 => header.plan.input.shape = shape(header.plan.input.shape, random),
        3 => {
            let bytes = header.plan.arena_bytes;
            header.plan.arena_bytes = match random.u8(..6) {
                0 => bytes.wrapping_sub(1),
                1 => bytes.wrapping_add(1),
                2 => MAX_ARENA_BYTES as u32,
                3 => MAX_ARENA_BYTES as u32 + 1,
                4 => bytes / 2,
                _ => random.u32(..),
            };
        }
        4 => {
            header.temperature = real(header.temperature, random);
            if let Some(prior) = header.priors.first_mut() {
                *prior = real(*prior, random);
            }
        }
        5 => {
            let _ = header.labels.push(Emotion::ALL[random.usize(..Emotion::ALL.len())]);
        }
        6 => drop(header.labels.pop()),
        _ => {
            let kind = if random.u8(..8) == 0 { SpeechInputKind::Map } else { SpeechInputKind::Average };
            let (constants, statistics) = (SpeechConstants::CURRENT, SpeechStatistics::IDENTITY);
            header.input = match random.u8(..4) {
                0 => InputDescription::Face { side: random.u16(..), min_range: random.u8(..) },
                1 => InputDescription::FACE,
                _ => InputDescription::Speech { kind, constants, statistics },
            };
        }
    }
}

/// Any operation, with parameters at the start of the data.
pub fn operation(index: usize, random: &mut Rng) -> Operation {
    let (window, range, parameters) = (window(random), range(random), 0);
    match random.u8(..8) {
        0 => Operation::Conv2d { window, range, parameters },
        1 => Operation::Depthwise { window, range, parameters },
        2 => Operation::MaxPool { window },
        3 => Operation::AveragePool { window: Window { padding: [0; 4], ..window } },
        4 => Operation::GlobalAveragePool,
        5 => Operation::Dense { range, parameters },
        6 => Operation::Add { other: earlier(index, random), range },
        _ => Operation::Concat { other: earlier(index, random) },
    }
}

/// A tensor, mostly one that layer `index` may read.
fn earlier(index: usize, random: &mut Rng) -> u16 {
    if random.u8(..16) == 0 { random.u16(..) } else { random.u16(..=index as u16) }
}

fn window(random: &mut Rng) -> Window {
    // Those for which there are kernels of their own.
    if random.bool() {
        let [rows, columns] = [[3, 3], [5, 1], [1, 5], [1, 1]][random.usize(..4)];
        let padding = [rows / 2, columns / 2, rows / 2, columns / 2];
        return Window { kernel: [rows, columns], stride: [1, 1], padding };
    }
    let mut small = |least: u16, below: u16| random.u16(least..below);
    Window {
        kernel: [small(1, 6), small(1, 6)],
        stride: [small(1, 4), small(1, 4)],
        padding: [small(0, 3), small(0, 3), small(0, 3), small(0, 3)],
    }
}

fn change_window(operation: &mut Operation, random: &mut Rng) {
    let (Operation::Conv2d { window, .. }
    | Operation::Depthwise { window, .. }
    | Operation::MaxPool { window }
    | Operation::AveragePool { window }) = operation
    else {
        return;
    };
    let number = [0, 1, 2, 3, 4, 5, 7, 8, 16, 255, u16::MAX - 1, u16::MAX][random.usize(..12)];
    match random.usize(..8) {
        at @ 0..2 => window.kernel[at] = number,
        at @ 2..4 => window.stride[at - 2] = number,
        at => window.padding[at - 4] = number,
    }
}

fn range(random: &mut Rng) -> ClampRange {
    match random.u8(..3) {
        0 => ClampRange::FULL,
        1 => ClampRange { min: random.i8(..), max: i8::MAX },
        _ => ClampRange { min: random.i8(..), max: random.i8(..) },
    }
}

fn change_range(operation: &mut Operation, random: &mut Rng) {
    if let Operation::Conv2d { range: old, .. }
    | Operation::Depthwise { range: old, .. }
    | Operation::Dense { range: old, .. }
    | Operation::Add { range: old, .. } = operation
    {
        *old = range(random);
    }
}

fn change_parameters(operation: &mut Operation, random: &mut Rng) {
    if let Operation::Conv2d { parameters, .. }
    | Operation::Depthwise { parameters, .. }
    | Operation::Dense { parameters, .. } = operation
    {
        *parameters = match random.u8(..5) {
            0 => parameters.wrapping_add(16),
            1 => parameters.wrapping_sub(16),
            2 => parameters.wrapping_add(1),
            3 => u32::MAX - 15,
            _ => 16 * random.u32(..256),
        };
    }
}

fn shape(old: Shape, random: &mut Rng) -> Shape {
    let mut sides = [old.height, old.width, old.channels];
    let side = &mut sides[random.usize(..3)];
    *side = match random.u8(..5) {
        0 => side.wrapping_add(1),
        1 => side.wrapping_sub(1),
        2 => random.u16(..40),
        3 => [0, 1, 8, 9, 15, 16, 17, 31, 33, 64, u16::MAX][random.usize(..11)],
        _ => random.u16(1..9),
    };
    Shape { height: sides[0], width: sides[1], channels: sides[2] }
}

fn quantization(old: Quantization, random: &mut Rng) -> Quantization {
    match random.bool() {
        true => Quantization { scale: real(old.scale, random), ..old },
        false => Quantization { zero_point: [-128, 127, 0, -1, random.i8(..)][random.usize(..5)], ..old },
    }
}

fn real(old: f32, random: &mut Rng) -> f32 {
    match random.u8(..6) {
        0 => [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, -1.0, f32::MIN_POSITIVE, 1e-45, f32::MAX]
            [random.usize(..9)],
        1 => [1e-12, 1e12, 9.999e-13, 1.001e12][random.usize(..4)],
        2 => f32::from_bits(old.to_bits().wrapping_add(1)),
        3 => f32::from_bits(random.u32(..)),
        4 => old * 2.0,
        _ => (random.f32() * 16.0 - 8.0).exp2(),
    }
}

fn offset(old: u32, arena_bytes: u32, random: &mut Rng) -> u32 {
    match random.u8(..7) {
        0 => old.wrapping_add(16),
        1 => old.wrapping_sub(16),
        2 => old.wrapping_add(1),
        3 => arena_bytes.next_multiple_of(16),
        4 => u32::MAX - 15,
        5 => 0,
        _ => 16 * random.u32(..128),
    }
}
