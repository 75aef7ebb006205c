//! Makes a network of a changed header: whatever follows from other numbers is put right, the rest stays as it is.

use crate::spoil;
use fastrand::Rng;
use heapless::Vec as Array;
use moodbox_shared::Emotion;
use moodbox_shared::audio::{SpeechInputKind, SpeechStatistics};
use moodbox_shared::model::{
    Header, InputDescription, LayerDescription, LayerParameters, Operation, Plan, SpeechConstants, TensorDescription,
};
use moodbox_shared::nn::{ARENA_ALIGNMENT, ClampRange, Quantization, Requantizer, Shape, Window};

/// Numbers of a tensor, at most: networks are to be small and fast.
const MAX_LEN: usize = 600;

/// Channels of a tensor, at most.
const MAX_CHANNELS: u16 = 36;

/// Most layers.
const MAX_LAYERS: usize = 9;

/// Scales in healed networks: their ratios fit every operation.
const SCALES: core::ops::RangeInclusive<f32> = 1e-3..=1e3;

/// Puts a header right and returns the data that fits it.
///
/// * `data`: of the header before it was changed; what still fits is kept
pub fn heal(header: &mut Header, data: &[u8], random: &mut Rng) -> Vec<u8> {
    around_the_plan(header);
    let before = header.plan.clone();
    let plan = &mut header.plan;
    plan.layers.truncate(MAX_LAYERS - 1);
    if !plan.layers.last().is_some_and(|layer| matches!(layer.operation, Operation::Dense { .. })) {
        let dense = Operation::Dense { range: ClampRange::FULL, parameters: 0 };
        let _ = plan.layers.push(LayerDescription { input: u16::MAX, output: plan.input, operation: dense });
    }
    plan.input.quantization = scaled(plan.input.quantization, random);
    let mut tensors = vec![plan.input];
    let mut healed = Vec::new();
    let last = plan.layers.len() - 1;
    for (index, layer) in plan.layers.iter_mut().enumerate() {
        if usize::from(layer.input) > index {
            layer.input = index as u16;
        }
        layer.output.quantization = scaled(layer.output.quantization, random);
        if index == last {
            layer.output.shape.channels = header.labels.len() as u16;
        }
        operation(layer, &tensors, random);
        tensors.push(layer.output);
        if let Some(parameters) = parameters(
            layer,
            tensors[usize::from(layer.input)].shape,
            || LayerParameters::read(&before, index, data),
            random,
        ) {
            let (input, output) = (tensors[usize::from(layer.input)].shape, layer.output.shape);
            let place = parameters.append_to(&layer.operation, input, output, &mut healed);
            if let Operation::Conv2d { parameters, .. }
            | Operation::Depthwise { parameters, .. }
            | Operation::Dense { parameters, .. } = &mut layer.operation
            {
                *parameters = place;
            }
        }
    }
    arrange(plan);
    healed
}

/// Labels, priors, temperature, and an input that this build makes: 32 × 32 pixels or 180 averages.
fn around_the_plan(header: &mut Header) {
    let mut labels: Array<Emotion, 8> = Array::new();
    let face = matches!(header.input, InputDescription::Face { .. });
    for &label in &header.labels {
        let is_of_no_face = face && label == Emotion::Calm;
        if !labels.contains(&label) && !is_of_no_face {
            let _ = labels.push(label);
        }
    }
    if labels.is_empty() {
        let _ = labels.push(Emotion::Happy);
    }
    header.priors = labels.iter().map(|_| 1.0 / labels.len() as f32).collect();
    header.labels = labels;
    if !(0.01..=100.0).contains(&header.temperature) {
        header.temperature = 1.0;
    }
    header.input = if face {
        InputDescription::FACE
    } else {
        let (constants, statistics) = (SpeechConstants::CURRENT, SpeechStatistics::IDENTITY);
        InputDescription::Speech { kind: SpeechInputKind::Average, constants, statistics }
    };
    let [height, width, channels] = if face { [32, 32, 1] } else { SpeechInputKind::Average.input_shape() };
    header.plan.input.shape = Shape { height: height as u16, width: width as u16, channels: channels as u16 };
}

fn scaled(quantization: Quantization, random: &mut Rng) -> Quantization {
    if SCALES.contains(&quantization.scale) {
        return quantization;
    }
    Quantization { scale: (random.f32() * 12.0 - 6.0).exp2(), ..quantization }
}

/// Makes the operation fit what it reads, and the output the operation.
fn operation(layer: &mut LayerDescription, tensors: &[TensorDescription], random: &mut Rng) {
    let from = tensors[usize::from(layer.input)];
    let [height, width, channels] = [from.shape.height, from.shape.width, from.shape.channels];
    // A second tensor that fits, or else another operation.
    if let Some(other) = layer.operation.other() {
        let add = matches!(layer.operation, Operation::Add { .. });
        let fits = |tensor: &TensorDescription| {
            (tensor.shape.height, tensor.shape.width) == (height, width)
                && (!add && tensor.shape.channels + channels <= MAX_CHANNELS || tensor.shape == from.shape)
        };
        let count = tensors.len();
        let wanted = (0..count).map(|step| (usize::from(other) + step) % count);
        let found = wanted.into_iter().find(|&at| at != usize::from(layer.input) && fits(&tensors[at]));
        match (&mut layer.operation, found) {
            (Operation::Add { other, .. } | Operation::Concat { other }, Some(found)) => *other = found as u16,
            (operation, _) => {
                while operation.other().is_some() {
                    *operation = spoil::operation(0, random);
                }
            }
        }
    }
    let output = &mut layer.output;
    let places = |[rows, columns]: [u16; 2], channels: u16| Shape { height: rows, width: columns, channels };
    match &mut layer.operation {
        Operation::Conv2d { window, range, .. } => {
            let sides = slide(window, from.shape);
            let room = (MAX_LEN / (usize::from(sides[0]) * usize::from(sides[1]))).clamp(1, MAX_CHANNELS.into());
            output.shape = places(sides, output.shape.channels.clamp(1, room as u16));
            order(range);
        }
        Operation::Depthwise { window, range, .. } => {
            output.shape = places(slide(window, from.shape), channels);
            order(range);
        }
        Operation::MaxPool { window } => {
            output.shape = places(slide(window, from.shape), channels);
            output.quantization = from.quantization;
        }
        Operation::AveragePool { window } => {
            window.padding = [0; 4];
            output.shape = places(slide(window, from.shape), channels);
            output.quantization = from.quantization;
        }
        Operation::GlobalAveragePool => {
            output.shape = places([1, 1], channels);
            let least = 1.01 * from.quantization.scale / (f32::from(height) * f32::from(width));
            output.quantization.scale = output.quantization.scale.clamp(least, 1e6 * least);
        }
        Operation::Dense { range, .. } => {
            output.shape = places([1, 1], output.shape.channels.clamp(1, MAX_CHANNELS));
            order(range);
        }
        Operation::Add { range, other } => {
            output.shape = from.shape;
            let larger = from.quantization.scale.max(tensors[usize::from(*other)].quantization.scale);
            output.quantization.scale = output.quantization.scale.clamp(larger / 1000.0, larger * 1000.0);
            order(range);
        }
        Operation::Concat { other } => {
            let other = tensors[usize::from(*other)];
            output.shape = places([height, width], channels + other.shape.channels);
            let larger = from.quantization.scale.max(other.quantization.scale);
            output.quantization.scale = output.quantization.scale.clamp(1.01 * larger, 1000.0 * larger);
            // Now and then one of them is copied.
            if from.quantization.scale > other.quantization.scale && random.bool() {
                output.quantization = from.quantization;
            }
        }
    }
}

/// Makes a window slide over a tensor, in few steps where that is large: height and width of what it gives.
fn slide(window: &mut Window, shape: Shape) -> [u16; 2] {
    let large = shape.len() > MAX_LEN;
    for (axis, size) in [shape.height, shape.width].into_iter().enumerate() {
        window.kernel[axis] = window.kernel[axis].clamp(1, size.min(8));
        window.stride[axis] = window.stride[axis].clamp(if large && size > 8 { 4 } else { 1 }, 8);
        for padding in [axis, axis + 2] {
            window.padding[padding] %= window.kernel[axis];
        }
    }
    window.output_size(shape.height, shape.width).unwrap_or([1, 1])
}

fn order(range: &mut ClampRange) {
    (range.min, range.max) = (range.min.min(range.max), range.min.max(range.max));
}

/// Weights, biases and factors of a layer: those that it had, if they fit, or new ones.
fn parameters(
    layer: &LayerDescription,
    input: Shape,
    before: impl Fn() -> Option<LayerParameters>,
    random: &mut Rng,
) -> Option<LayerParameters> {
    let outputs = usize::from(layer.output.shape.channels);
    let (weights, terms) = match layer.operation {
        Operation::Conv2d { window, .. } => {
            let terms = window.kernel.map(usize::from).iter().product::<usize>() * usize::from(input.channels);
            (terms * outputs, terms)
        }
        Operation::Depthwise { window, .. } => {
            let terms = window.kernel.map(usize::from).iter().product::<usize>();
            (terms * outputs, terms)
        }
        Operation::Dense { .. } => (input.len() * outputs, input.len()),
        _ => return None,
    };
    if let Some(before) = before() {
        let room = i64::from(i32::MAX) - terms as i64 * 127 * 128;
        let fits = |bias: &i32| i64::from(*bias).abs() <= room;
        let shortfall = before.weights.len() != weights || before.biases.len() != outputs;
        if !shortfall && before.biases.iter().all(fits) && !before.weights.contains(&i8::MIN) {
            return Some(before);
        }
    }
    let kind = random.u8(..5);
    let weight = |random: &mut Rng| match kind {
        0 => 127,
        1 => -127,
        2 => [127, -127, 0][random.usize(..3)],
        _ => random.i8(-127..=127),
    };
    let bias = |random: &mut Rng| match random.u8(..4) {
        0 => i32::MAX - terms as i32 * 127 * 128,
        1 => terms as i32 * 127 * 128 - i32::MAX,
        _ => random.i32(-50_000..50_000),
    };
    let requantizer = |random: &mut Rng| {
        let shift = if random.u8(..8) == 0 { random.u32(31..=62) } else { random.u32(36..48) };
        Requantizer::new(random.i32(1 << 30..=i32::MAX), shift).expect("within its range")
    };
    Some(LayerParameters {
        weights: (0..weights).map(|_| weight(random)).collect(),
        biases: (0..outputs).map(|_| bias(random)).collect(),
        requantizers: (0..outputs).map(|_| requantizer(random)).collect(),
    })
}

/// Gives every tensor the first place where none lies that is needed at the same time.
fn arrange(plan: &mut Plan) {
    let count = plan.layers.len() + 1;
    let mut dies: Vec<usize> = (0..count).map(|tensor| tensor.saturating_sub(1)).collect();
    for (index, layer) in plan.layers.iter().enumerate() {
        for read in [Some(layer.input), layer.operation.other()].into_iter().flatten() {
            dies[usize::from(read)] = dies[usize::from(read)].max(index);
        }
    }
    dies[count - 1] = count;
    let mut placed: Vec<(usize, usize)> = Vec::new();
    for tensor in 0..count {
        let description = match tensor.checked_sub(1) {
            None => &mut plan.input,
            Some(layer) => &mut plan.layers[layer].output,
        };
        let bytes = description.shape.len();
        let meets = |other: &usize| dies[*other] >= tensor.saturating_sub(1);
        let mut taken: Vec<(usize, usize)> = (0..tensor).filter(meets).map(|other| placed[other]).collect();
        taken.sort_unstable();
        let mut offset = 0_usize;
        for (start, end) in taken {
            if offset + bytes > start {
                offset = offset.max(end.next_multiple_of(ARENA_ALIGNMENT));
            } else {
                break;
            }
        }
        description.offset = offset as u32;
        placed.push((offset, offset + bytes));
    }
    // To the byte, so that whoever goes one too far leaves the arena.
    plan.arena_bytes = placed.iter().map(|(_, end)| *end as u32).max().unwrap_or(0);
}
