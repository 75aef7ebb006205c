//! The oracle: tract, which shares no code with the engine, runs the ONNX twins of the int8 networks.
//!
//! The twins' numbers are those of the engine, their arithmetic is not: tract multiplies and adds in floating point. Where an exact sum lies
//! next to the middle between two steps, the one may round up and the other down, in one activation of some hundred thousand. At the border,
//! where real numbers become int8, middles are frequent: pictures have few greys. There ONNX takes halves to the even number, the engine away
//! from zero.

use moodbox_shared::Emotion;
use moodbox_shared::model::{
    Header, InputDescription, LayerDescription, LayerParameters, MAX_ARENA_BYTES, Model, Operation, Plan, Provenance,
    TensorDescription, write,
};
use moodbox_shared::nn::{Arena, ClampRange, Isa, Quantization, Requantizer, Shape, Window};
use moodbox_tests::{inputs, models_dir, program};
use rayon::prelude::*;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tract_onnx::prelude::*;

/// An ONNX network in tract.
struct Oracle {
    plan: Arc<TypedRunnableModel>,
    /// Channels of the input.
    channels: usize,
    dims: Vec<usize>,
}

impl Oracle {
    fn open(path: &Path) -> Self {
        let model = onnx().model_for_path(path).unwrap().into_optimized().unwrap();
        let dims = model.input_fact(0).unwrap().shape.as_concrete().unwrap().to_vec();
        Self { plan: model.into_runnable().unwrap(), channels: dims[1], dims }
    }

    /// * `input`: height × width × channels
    fn logits(&self, input: &[f32]) -> Vec<f32> {
        let planes = (0..self.channels).flat_map(|channel| input.iter().skip(channel).step_by(self.channels));
        let planes: Vec<f32> = planes.copied().collect();
        let outputs = self.plan.run(tvec!(Tensor::from_shape(&self.dims, &planes).unwrap().into())).unwrap();
        outputs[0].try_as_plain_ram().unwrap().as_slice().unwrap().to_vec()
    }
}

/// How far twin and engine are apart.
#[derive(Clone, Copy, Debug, Default)]
struct Distance {
    inputs: usize,
    /// Of these, with another best logit.
    other_best: usize,
    /// Inputs whose farthest logit is none, one, two and more steps of the output away.
    steps: [usize; 4],
}

impl Distance {
    fn of(engine: &[i8], twin: &[i8]) -> Self {
        let steps = engine.iter().zip(twin).map(|(engine, twin)| engine.abs_diff(*twin)).max().unwrap_or_default();
        let mut distance = Self { inputs: 1, other_best: usize::from(best(engine) != best(twin)), steps: [0; 4] };
        distance.steps[usize::from(steps).min(3)] = 1;
        distance
    }

    fn and(self, other: Self) -> Self {
        Self {
            inputs: self.inputs + other.inputs,
            other_best: self.other_best + other.other_best,
            steps: std::array::from_fn(|steps| self.steps[steps] + other.steps[steps]),
        }
    }
}

/// The first of the largest.
fn best(logits: &[i8]) -> usize {
    (0..logits.len()).rev().max_by_key(|&index| logits[index]).unwrap()
}

/// What the twin reads.
#[derive(Clone, Copy)]
enum Reads {
    /// The int8 numbers that the engine reads.
    TheSame,
    /// The real numbers that these were rounded from, which it rounds itself.
    RealNumbers,
}

/// Runs both over inputs, height × width × channels.
fn compare(model: &Model<'_>, twin: &Oracle, reads: Reads, inputs: &[Vec<f32>]) -> Distance {
    let network = model.network();
    let (input, output) = (network.input_quantization(), network.output_quantization());
    let arena = || Box::new(Arena::<MAX_ARENA_BYTES>::new());
    let both = inputs.par_iter().map_init(arena, |arena, values| {
        let rounded = network.input_mut(&mut arena[..]);
        for (target, &value) in rounded.iter_mut().zip(values) {
            *target = input.quantize(value);
        }
        let seen = match reads {
            Reads::TheSame => rounded.iter().map(|&value| input.dequantize(value)).collect(),
            Reads::RealNumbers => values.clone(),
        };
        let engine = network.run(Isa::SCALAR, &mut arena[..]);
        let twin: Vec<i8> = twin.logits(&seen).iter().map(|&logit| output.quantize(logit)).collect();
        Distance::of(engine, &twin)
    });
    both.reduce(Distance::default, Distance::and)
}

#[test]
#[cfg_attr(not(moodbox_data), ignore = "needs ../shared/data")]
fn the_shipped_twins_agree_with_the_engine_on_a_thousand_real_inputs() {
    let data = moodbox_tests::data_dir();
    for task in ["face", "speech"] {
        let file = fs::read(models_dir().join(format!("{task}.moodnet"))).unwrap();
        let model = Model::load(&file).unwrap();
        let twin = Oracle::open(&models_dir().join(format!("{task}.int8.onnx")));
        let inputs = match task {
            "face" => inputs::faces(&data, 500).unwrap(),
            _ => inputs::voices(&data, &model, 500).unwrap(),
        };
        let [same, real] = [Reads::TheSame, Reads::RealNumbers].map(|reads| compare(&model, &twin, reads, &inputs));
        println!("{task}, the same int8 numbers: {same:?}; real numbers, rounded by each: {real:?}");
        assert_eq!([same.inputs, real.inputs], [500; 2]);
        assert_eq!([same.other_best, real.other_best], [0; 2]);
        // The twin rounds sums of floating-point numbers, the engine products of integers: where they fall on either side of a half, a step is made
        // in one layer, and rarely a second one behind it.
        assert!(same.steps[2] <= 1 && same.steps[3] == 0, "{same:?}");
        assert!(real.steps[2] <= 5 && real.steps[3] <= 1, "{real:?}");
    }
}

/// A tensor of a network that is put together here.
#[derive(Clone, Copy)]
struct Made {
    shape: Shape,
    quantization: Quantization,
}

/// A network in the making: every tensor has a place of its own in the arena, and numbers come from a generator.
struct Maker {
    layers: Vec<LayerDescription>,
    tensors: Vec<Made>,
    data: Vec<u8>,
    arena_bytes: usize,
    state: u32,
}

impl Maker {
    fn new(input: Made) -> Self {
        let arena_bytes = input.shape.len().next_multiple_of(16);
        Self { layers: Vec::new(), tensors: vec![input], data: Vec::new(), arena_bytes, state: 1 }
    }

    fn next(&mut self) -> i32 {
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.state >> 24) as i32 - 128
    }

    /// Appends a layer and returns its tensor.
    fn push(
        &mut self,
        input: usize,
        [height, width, channels]: [u16; 3],
        zero_point: i8,
        operation: Operation,
    ) -> usize {
        let quantization = match operation {
            Operation::MaxPool { .. } | Operation::AveragePool { .. } => self.tensors[input].quantization,
            _ => Quantization { scale: 0.05 + 0.01 * self.layers.len() as f32, zero_point },
        };
        let shape = Shape { height, width, channels };
        let offset = self.arena_bytes as u32;
        self.arena_bytes += shape.len().next_multiple_of(16);
        self.tensors.push(Made { shape, quantization });
        let output = TensorDescription { shape, quantization, offset };
        self.layers.push(LayerDescription { input: input as u16, output, operation });
        self.layers.len()
    }

    /// Gives the last layer weights.
    ///
    /// * `terms`: products that an output is summed from
    fn weigh(&mut self, layer_tensor: usize, terms: usize) -> usize {
        let LayerDescription { input, output, mut operation } = self.layers[layer_tensor - 1];
        let outputs = usize::from(output.shape.channels);
        // Sums of numbers that fill int8 come back to numbers that do.
        let factor = 0.02 / (terms as f64).sqrt();
        let parameters = LayerParameters {
            weights: (0..outputs * terms).map(|_| self.next().clamp(-127, 127) as i8).collect(),
            biases: (0..outputs).map(|_| 40 * self.next()).collect(),
            requantizers: (0..outputs)
                .map(|output| Requantizer::from_real(factor * (1.0 + output as f64 / 8.0)).unwrap())
                .collect(),
        };
        let input = self.tensors[usize::from(input)].shape;
        let place = parameters.append_to(&operation, input, output.shape, &mut self.data);
        let (Operation::Conv2d { parameters, .. }
        | Operation::Depthwise { parameters, .. }
        | Operation::Dense { parameters, .. }) = &mut operation
        else {
            panic!("{operation:?} has no weights");
        };
        *parameters = place;
        self.layers[layer_tensor - 1].operation = operation;
        layer_tensor
    }

    fn quantization(&self, tensor: usize) -> Quantization {
        self.tensors[tensor].quantization
    }

    fn file(self) -> Vec<u8> {
        let Made { shape, quantization } = self.tensors[0];
        let header = Header {
            labels: Emotion::FACE.into_iter().collect(),
            input: InputDescription::FACE,
            temperature: 1.0,
            priors: [1.0 / 7.0; 7].into_iter().collect(),
            provenance: Provenance::default(),
            plan: Plan {
                arena_bytes: self.arena_bytes as u32,
                input: TensorDescription { shape, quantization, offset: 0 },
                layers: self.layers.into_iter().collect(),
            },
        };
        write(&header, &self.data).unwrap()
    }
}

/// Every operation and both activations; a dense layer reads a map, another one averages, and their sum are the logits.
fn network_of_everything() -> Vec<u8> {
    let shape = Shape { height: 32, width: 32, channels: 1 };
    let mut make = Maker::new(Made { shape, quantization: Quantization { scale: 1.0 / 255.0, zero_point: -128 } });
    let full = ClampRange::FULL;
    let square = |side, stride, padding| Window { kernel: [side; 2], stride: [stride; 2], padding: [padding; 4] };
    let relu = |zero_point| ClampRange { min: zero_point, max: i8::MAX };

    let lopsided = Window { kernel: [3, 5], stride: [2, 2], padding: [1, 2, 1, 2] };
    let conv = make.push(0, [16, 16, 4], -20, Operation::Conv2d { window: lopsided, range: relu(-20), parameters: 0 });
    make.weigh(conv, 15);
    let depthwise = Operation::Depthwise { window: square(3, 1, 1), range: full, parameters: 0 };
    let depthwise = make.push(conv, [16, 16, 4], 7, depthwise);
    make.weigh(depthwise, 9);
    let largest = make.push(conv, [16, 16, 4], 0, Operation::MaxPool { window: square(3, 1, 1) });
    let range = relu(-60);
    let sum = make.push(largest, [16, 16, 4], -60, Operation::Add { other: depthwise as u16, range });
    let both = make.push(sum, [16, 16, 8], 3, Operation::Concat { other: depthwise as u16 });
    let mean = make.push(both, [8, 8, 8], 0, Operation::AveragePool { window: square(2, 2, 0) });
    let pointwise = Operation::Conv2d { window: square(1, 1, 0), range: full, parameters: 0 };
    let pointwise = make.push(mean, [8, 8, 3], -90, pointwise);
    let relu6 = ClampRange::relu6(make.quantization(pointwise));
    if let Operation::Conv2d { range, .. } = &mut make.layers[pointwise - 1].operation {
        *range = relu6;
    }
    make.weigh(pointwise, 8);
    let dense = Operation::Dense { range: full, parameters: 0 };
    let of_map = make.push(pointwise, [1, 1, 7], 11, dense);
    make.weigh(of_map, 8 * 8 * 3);
    let averages = make.push(pointwise, [1, 1, 3], -70, Operation::GlobalAveragePool);
    let of_averages = make.push(averages, [1, 1, 7], -11, dense);
    make.weigh(of_averages, 3);
    make.push(of_map, [1, 1, 7], 0, Operation::Add { other: of_averages as u16, range: full });
    make.file()
}

#[test]
fn every_operation_means_the_same_in_the_twin() {
    let place = tempfile::tempdir().unwrap();
    let [moodnet, onnx] = ["all.moodnet", "all.onnx"].map(|name| place.path().join(name));
    let file = network_of_everything();
    fs::write(&moodnet, &file).unwrap();
    let mut export = Command::new(program("moodbox-trainer"));
    assert!(export.arg("export").arg("--model").arg(&moodnet).arg("--out").arg(&onnx).status().unwrap().success());

    let model = Model::load(&file).unwrap();
    let inputs: Vec<Vec<f32>> = (0..100)
        .map(|turn| (0..1024).map(|place| ((place * (turn + 3) + place * place / 37) % 256) as f32 / 255.0).collect())
        .collect();
    let distance = compare(&model, &Oracle::open(&onnx), Reads::TheSame, &inputs);
    // The average pool rounds halves away from zero, the twin to the nearest even number: that alone moves most logits by a step. Weights
    // in a wrong order would move them by dozens.
    assert_eq!((distance.inputs, distance.steps[3]), (100, 0), "{distance:?}");
}
