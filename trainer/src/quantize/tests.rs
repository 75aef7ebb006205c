//! Random networks on their way through quantisation and the engine.

use super::*;
use crate::network::Activation;
use crate::network::architecture::{After, Architecture, Tensor};
use crate::network::float_graph::{BatchNorm, Node, Op, Source};
use crate::network::module::numbers;
use crate::network::{Network, Rounding};
use crate::train::device;
use burn::module::Module;
use burn::tensor::TensorData;
use moodbox_shared::Emotion;
use moodbox_shared::model::{InputDescription, Model, Operation, Provenance, read_header};
use moodbox_shared::nn::{ClampRange, Isa};
use rand::{RngExt, SeedableRng, rngs::StdRng};

struct Builder {
    random: StdRng,
    nodes: Vec<Node>,
}

impl Builder {
    fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), nodes: Vec::new() }
    }

    fn push(&mut self, input: Source, op: Op) -> Source {
        self.nodes.push(Node { input, op });
        Source::Node(self.nodes.len() - 1)
    }

    /// Nearly normal, with the variance that keeps activations level through ReLUs.
    fn weights(&mut self, count: usize, inputs: usize) -> Vec<f32> {
        let deviation = (2.0 / inputs as f32).sqrt();
        (0..count).map(|_| deviation * (0..12).map(|_| self.random.random::<f32>() - 0.5).sum::<f32>()).collect()
    }

    fn between(&mut self, count: usize, low: f32, high: f32) -> Vec<f32> {
        (0..count).map(|_| self.random.random_range(low..high)).collect()
    }

    fn norm(&mut self, channels: usize) -> BatchNorm {
        BatchNorm {
            gamma: self.between(channels, 0.3, 1.5),
            beta: self.between(channels, -0.3, 0.3),
            mean: self.between(channels, -0.2, 0.2),
            variance: self.between(channels, 0.3, 2.0),
            epsilon: 1e-5,
        }
    }

    fn conv(
        &mut self,
        input: Source,
        [channels, out]: [usize; 2],
        kernel: usize,
        stride: usize,
        activation: Activation,
    ) -> Source {
        let inputs = kernel * kernel * channels;
        let op = Op::Conv2d {
            weight: self.weights(out * inputs, inputs),
            bias: self.between(out, -0.1, 0.1),
            out,
            kernel: [kernel; 2],
            stride: [stride; 2],
            padding: [kernel / 2; 4],
            norm: Some(self.norm(out)),
            activation,
        };
        self.push(input, op)
    }

    fn depthwise(&mut self, input: Source, channels: usize) -> Source {
        let op = Op::Depthwise {
            weight: self.weights(9 * channels, 9),
            bias: vec![0.0; channels],
            kernel: [3; 2],
            stride: [1; 2],
            padding: [1; 4],
            norm: Some(self.norm(channels)),
            activation: Activation::Relu,
        };
        self.push(input, op)
    }
}

/// 32×32 → stem → residual block with depthwise → max pool → strided residual block → average pool → global average → dense.
fn residual_network(seed: u64) -> FloatGraph {
    let mut build = Builder::new(seed);
    let stem = build.conv(Source::Input, [1, 8], 3, 1, Activation::Relu);
    let inner = build.depthwise(stem, 8);
    let inner = build.conv(inner, [8, 8], 1, 1, Activation::None);
    let block = build.push(inner, Op::Add { other: stem, activation: Activation::Relu });
    let pooled = build.push(block, Op::MaxPool { kernel: [3; 2], stride: [2; 2], padding: [1; 4] });
    let inner = build.conv(pooled, [8, 16], 3, 2, Activation::Relu);
    let inner = build.conv(inner, [16, 16], 3, 1, Activation::None);
    let short = build.conv(pooled, [8, 16], 1, 2, Activation::None);
    let block = build.push(inner, Op::Add { other: short, activation: Activation::Relu });
    let pooled = build.push(block, Op::AveragePool { kernel: [2; 2], stride: [2; 2] });
    let mean = build.push(pooled, Op::GlobalAveragePool);
    let dense = Op::Dense {
        weight: build.weights(7 * 16, 16),
        bias: build.between(7, -0.1, 0.1),
        activation: Activation::None,
    };
    build.push(mean, dense);
    FloatGraph { input: [32, 32, 1], nodes: build.nodes }
}

/// 32×32 → stem → three times: a convolution whose output is put beside what it read → max pool → the same → global average → dense; ReLU6
/// throughout but for one convolution, whose outputs are not quantised as those beside them.
fn dense_network(seed: u64) -> FloatGraph {
    let mut build = Builder::new(seed);
    let mut carried = build.conv(Source::Input, [1, 8], 3, 2, Activation::Relu6);
    let mut channels = 8;
    for layer in 0..4 {
        let activation = if layer == 1 { Activation::None } else { Activation::Relu6 };
        let new = build.conv(carried, [channels, 5], 3, 1, activation);
        carried = build.push(carried, Op::Concat { other: new });
        channels += 5;
        if layer == 2 {
            carried = build.push(carried, Op::MaxPool { kernel: [2; 2], stride: [2; 2], padding: [0; 4] });
        }
    }
    let mean = build.push(carried, Op::GlobalAveragePool);
    let weight = build.weights(7 * channels, channels);
    let dense = Op::Dense { weight, bias: build.between(7, -0.1, 0.1), activation: Activation::None };
    build.push(mean, dense);
    FloatGraph { input: [32, 32, 1], nodes: build.nodes }
}

/// Smooth blobs, so that pictures differ.
fn pictures(count: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut random = StdRng::seed_from_u64(seed);
    let picture = |random: &mut StdRng| {
        let waves: Vec<[f32; 3]> = (0..4).map(|_| std::array::from_fn(|_| random.random_range(-0.6..0.6))).collect();
        let bright = |x: f32, y: f32| waves.iter().map(|[a, b, c]| (a * x + b * y + 6.0 * c).sin()).sum::<f32>();
        (0..1024).map(|i| (0.5 + 0.2 * bright((i % 32) as f32, (i / 32) as f32)).clamp(0.0, 1.0)).collect()
    };
    (0..count).map(|_| picture(&mut random)).collect()
}

fn meta() -> ModelMeta {
    ModelMeta {
        labels: Emotion::FACE.to_vec(),
        input: InputDescription::FACE,
        temperature: 1.0,
        priors: Vec::new(),
        provenance: Provenance::default(),
    }
}

#[test]
fn a_residual_network_decides_in_int8_as_it_did_in_float() {
    decides_in_int8_as_in_float(residual_network);
}

#[test]
fn a_network_that_joins_tensors_decides_in_int8_as_it_did_in_float() {
    // Random networks whose two largest logits do not lie next to each other.
    decides_in_int8_as_in_float(|seed| dense_network(1 + seed));
}

fn decides_in_int8_as_in_float(network: impl Fn(u64) -> FloatGraph) {
    let (mut samples, mut agreeing) = (0, 0);
    for seed in 0..2 {
        let graph = network(seed);
        let file = quantize(&graph, &pictures(24, 100 + seed), &[], meta()).unwrap();
        let model = Model::load(&file).unwrap();
        let reference = FloatReference::new(&graph).unwrap();
        let fidelity = fidelity::compare(&reference, &model, &pictures(50, 200 + seed));
        for (layer, sqnr_db) in fidelity.sqnr_db.iter().enumerate() {
            assert!(*sqnr_db > 25.0, "seed {seed}, layer {layer}: {sqnr_db:.1} dB of {:.1?}", fidelity.sqnr_db);
        }
        samples += fidelity.samples;
        agreeing += fidelity.agreeing;
    }
    assert!(agreeing * 100 >= samples * 96, "{agreeing} of {samples} agree");
}

#[test]
fn what_learns_with_rounded_numbers_computes_what_the_engine_does() {
    let device = device::default_device().unwrap();
    device.seed(3);
    let mut net = Architecture::new([32, 32, 1]);
    let stem = net.convolution(Tensor::Input, 8, [3, 3], [2, 2], After::NormRelu);
    let block = net.residual(stem, [3, 3]);
    let pooled = net.max_pool(block, [2, 2]);
    let dropped = net.dropout(pooled, 0.3);
    let wide = net.convolution(dropped, 12, [3, 3], [1, 1], After::NormRelu6);
    let mean = net.global_average_pool(wide);
    net.dense(mean, 7);
    let network = Network::new(&net, &device).valid();
    let folded = network.folded(&device).unwrap();

    let inputs = pictures(40, 11);
    let file = quantize(&network.to_float_graph().unwrap(), &inputs, &[], meta()).unwrap();
    let (header, _) = read_header(&file).unwrap();
    let model = Model::load(&file).unwrap();
    let rounding = Rounding::of(&net, &header.plan).unwrap();
    let engine = model.network();
    let (input_steps, steps) = (engine.input_quantization(), engine.output_quantization());
    let mut arena = vec![0; engine.arena_bytes()];
    let mut rounded_matters = false;
    for input in &inputs {
        let batch = burn::tensor::Tensor::<4>::from_data(TensorData::new(input.clone(), [1, 1, 32, 32]), &device);
        let exact = numbers(network.forward(batch.clone()));
        for (folded, exact) in numbers(folded.forward(batch.clone())).iter().zip(&exact) {
            assert!((folded - exact).abs() < 1e-4, "{folded} for {exact}");
        }
        let rounded = numbers(folded.forward_rounded(batch, &rounding));
        for (target, &value) in engine.input_mut(&mut arena).iter_mut().zip(input) {
            *target = input_steps.quantize(value);
        }
        for (logit, rounded) in engine.run(Isa::best(), &mut arena).iter().zip(&rounded) {
            let off = (steps.dequantize(*logit) - rounded).abs();
            assert!(off < 1.01 * steps.scale, "{rounded} is {off} off");
        }
        rounded_matters |= exact.iter().zip(&rounded).any(|(exact, rounded)| (exact - rounded).abs() > steps.scale);
    }
    assert!(rounded_matters, "the rounding of the layers before must show");
}

#[test]
fn the_float_network_is_what_its_formula_says() {
    // 3×2 input, kernel 2×2, padding on top and left, one channel in and two out.
    let conv = Op::Conv2d {
        weight: vec![1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0, -1.0],
        bias: vec![0.5, 0.0],
        out: 2,
        kernel: [2, 2],
        stride: [2, 1],
        padding: [1, 1, 0, 0],
        norm: Some(BatchNorm {
            gamma: vec![2.0, 1.0],
            beta: vec![1.0, 0.0],
            mean: vec![0.5, 0.0],
            variance: vec![4.0, 1.0],
            epsilon: 0.0,
        }),
        activation: Activation::None,
    };
    let graph = FloatGraph { input: [3, 2, 1], nodes: vec![Node { input: Source::Input, op: conv }] };
    let output = FloatReference::new(&graph).unwrap().logits(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    // Rows 0 and 1 of the output see input rows (−1, 0) and (1, 2); the normalisation adds one in the first channel.
    let row = |above: [f32; 2], here: [f32; 2]| {
        let left = 2.0 * above[0] + 4.0 * here[0];
        let right = above[0] + 2.0 * above[1] + 3.0 * here[0] + 4.0 * here[1];
        [left + 1.0, -here[0], right + 1.0, -here[1]]
    };
    assert_eq!(output, [row([0.0, 0.0], [1.0, 2.0]), row([3.0, 4.0], [5.0, 6.0])].concat());
}

#[test]
fn six_is_the_largest_that_a_relu6_lets_through() {
    let mut graph = dense_network(1);
    if let Op::Conv2d { bias, norm, .. } = &mut graph.nodes[0].op {
        bias.fill(100.0);
        *norm = None;
    }
    let pictures = pictures(4, 1);
    let outputs = FloatReference::new(&graph).unwrap().outputs(&pictures[0]);
    assert!(outputs[0].iter().all(|&value| value == 6.0));
    let file = quantize(&graph, &pictures, &[], meta()).unwrap();
    let Operation::Conv2d { range, .. } = Model::load(&file).unwrap().header().plan.layers[0].operation else {
        panic!()
    };
    // All of int8 is for what lies between zero and six.
    assert_eq!(range, ClampRange::FULL);
}

#[test]
fn a_plan_needs_no_more_than_it_must() {
    for graph in [residual_network(1), dense_network(1)] {
        let file = quantize(&graph, &pictures(4, 1), &[], meta()).unwrap();
        let model = Model::load(&file).unwrap();
        assert_eq!(model.network().arena_bytes(), model.header().plan.least_arena_bytes());
    }
}

#[test]
fn dead_channels_and_constant_layers_quantise() {
    let mut graph = residual_network(2);
    if let Op::Conv2d { weight, bias, norm, .. } = &mut graph.nodes[0].op {
        weight.fill(0.0);
        bias.fill(0.0);
        *norm = None;
    }
    if let Op::Conv2d { weight, .. } = &mut graph.nodes[5].op {
        weight[..100].fill(0.0);
        weight[150] = 1e4;
    }
    let file = quantize(&graph, &pictures(4, 1), &[], meta()).unwrap();
    assert!(Model::load(&file).is_ok());
}

#[test]
fn what_cannot_be_quantised_is_named() {
    let graph = residual_network(1);
    let quantize_on = |graph: &FloatGraph, inputs: &[Vec<f32>]| quantize(graph, inputs, &[], meta()).unwrap_err();
    assert!(matches!(quantize_on(&graph, &[]), QuantizeError::NoCalibration));
    let short = quantize_on(&graph, &[vec![0.0; 1000]]);
    assert!(matches!(short, QuantizeError::CalibrationLength { index: 0, expected: 1024, found: 1000 }));
    assert!(matches!(quantize_on(&graph, &[vec![f32::NAN; 1024]]), QuantizeError::NotFinite { tensor: 0 }));

    let mut later = graph.clone();
    later.nodes[2].input = Source::Node(7);
    assert!(matches!(quantize_on(&later, &pictures(1, 1)), QuantizeError::Graph(GraphError { node: 2, .. })));
    let mut broken = graph.clone();
    if let Op::Dense { weight, .. } = &mut broken.nodes.last_mut().unwrap().op {
        weight[0] = f32::INFINITY;
    }
    assert!(matches!(quantize_on(&broken, &pictures(1, 1)), QuantizeError::Graph(GraphError { node: 11, .. })));

    let labels = ModelMeta { labels: vec![Emotion::Happy], ..meta() };
    let error = quantize(&graph, &pictures(1, 1), &[], labels).unwrap_err();
    assert!(matches!(error, QuantizeError::Write(_)), "{error}");
}
