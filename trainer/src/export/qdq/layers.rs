//! The layers of a plan, one after the other, as nodes of the graph.

use crate::export::OnnxError;
use crate::export::graph::{Graph, int, ints};
use crate::export::parameters::Parameters;
use moodbox_shared::model::{Header, LayerDescription, Operation, Plan, TensorDescription};
use moodbox_shared::nn::{ClampRange, Quantization, Shape, Window};
use onnx_ir::{AttributeProto, ModelProto};
use std::collections::HashMap;

/// How a tensor's numbers are arranged.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    /// 1 × channels × height × width.
    Map,
    /// 1 × numbers, what a dense layer reads and makes: channel by channel.
    Row,
}

/// A twin in the making: the graph as far as it goes, and where in it the tensors of the plan are.
pub(super) struct Twin<'a> {
    plan: &'a Plan,
    data: &'a [u8],
    graph: Graph,
    /// Values that a tensor of the plan has in the graph, int8.
    quantised: HashMap<(usize, Form), String>,
    /// The same as real numbers.
    real: HashMap<(usize, Form), String>,
}

impl<'a> Twin<'a> {
    /// A graph that quantises its input and does nothing with it yet.
    pub(super) fn new(header: &'a Header, data: &'a [u8]) -> Self {
        let plan = &header.plan;
        let mut graph = Graph::new(&header.input.task().to_string());
        let input = graph.input("input", &map_dims(plan.input.shape));
        let mut twin = Self { plan, data, graph, quantised: HashMap::new(), real: HashMap::new() };
        twin.quantise(0, Form::Map, &input);
        twin
    }

    /// Adds a layer of the plan, which makes tensor `layer + 1`.
    pub(super) fn layer(&mut self, layer: usize) -> Result<(), OnnxError> {
        let LayerDescription { input, output, operation } = self.plan.layers[layer];
        let input = usize::from(input);
        let mut form = Form::Map;
        let (value, range) = match operation {
            Operation::Conv2d { window, range, .. } => (self.convolution(layer, input, window, 1)?, range),
            Operation::Depthwise { window, range, .. } => {
                (self.convolution(layer, input, window, output.shape.channels)?, range)
            }
            Operation::Dense { range, .. } => {
                form = Form::Row;
                (self.dense(layer, input)?, range)
            }
            Operation::MaxPool { window } => {
                (self.map_node(layer, "MaxPool", &[input], pool(window)), ClampRange::FULL)
            }
            Operation::AveragePool { window } => {
                (self.map_node(layer, "AveragePool", &[input], pool(window)), ClampRange::FULL)
            }
            Operation::GlobalAveragePool => {
                (self.map_node(layer, "GlobalAveragePool", &[input], vec![]), ClampRange::FULL)
            }
            Operation::Add { other, range } => {
                (self.map_node(layer, "Add", &[input, usize::from(other)], vec![]), range)
            }
            Operation::Concat { other } => {
                let channels = vec![int("axis", 1)];
                (self.map_node(layer, "Concat", &[input, usize::from(other)], channels), ClampRange::FULL)
            }
        };
        let value = self.clamp(layer, value, output.quantization, range);
        self.quantise(layer + 1, form, &value);
        Ok(())
    }

    /// Makes the last tensor the output, its numbers in the order of the labels.
    pub(super) fn finish(mut self) -> ModelProto {
        let last = self.plan.layers.len();
        let shape = self.tensor(last).shape;
        let row = if places(shape) == 1 {
            self.real(last, Form::Row)
        } else {
            // The labels follow the order in which the box keeps a map.
            let map = self.real(last, Form::Map);
            let innermost = self.graph.node("channels_last".into(), "Transpose", &[&map], [ints("perm", [0, 2, 3, 1])]);
            self.graph.node("logits_row".into(), "Flatten", &[&innermost], [int("axis", 1)])
        };
        let logits = self.graph.node("logits".into(), "Identity", &[&row], []);
        self.graph.output(&logits, &[1, shape.len()]);
        self.graph.into_model()
    }

    /// Convolution in as many groups as the channels are in.
    fn convolution(&mut self, layer: usize, input: usize, window: Window, groups: u16) -> Result<String, OnnxError> {
        let Window { kernel, stride, padding } = window;
        let outputs = usize::from(self.tensor(layer + 1).shape.channels);
        let [height, width] = kernel.map(usize::from);
        let inputs = usize::from(self.tensor(input).shape.channels / groups);
        let parameters = self.parameters(layer)?;
        // The plan has the channels innermost: `[out][place][in]`, a depthwise one's `[place][channel]`.
        let weights = if groups == 1 {
            permuted([outputs, height * width, inputs], [0, 2, 1], &parameters.weights)
        } else {
            permuted([height * width, outputs, 1], [1, 2, 0], &parameters.weights)
        };
        let attributes = vec![
            ints("kernel_shape", kernel),
            ints("strides", stride),
            ints("pads", padding),
            int("group", groups.into()),
        ];
        let constants = self.constants(layer, &[outputs, inputs, height, width], &weights, &parameters);
        Ok(self.weighted(layer, "Conv", (input, Form::Map), constants, attributes))
    }

    fn dense(&mut self, layer: usize, input: usize) -> Result<String, OnnxError> {
        let shape = self.tensor(input).shape;
        let outputs = self.tensor(layer + 1).shape.len();
        let parameters = self.parameters(layer)?;
        let weights = permuted([outputs, places(shape), shape.channels.into()], [0, 2, 1], &parameters.weights);
        let constants = self.constants(layer, &[outputs, shape.len()], &weights, &parameters);
        Ok(self.weighted(layer, "Gemm", (input, Form::Row), constants, vec![int("transB", 1)]))
    }

    /// Weights and biases of a layer as real numbers: two values that it reads.
    fn constants(&mut self, layer: usize, dims: &[usize], weights: &[i8], parameters: &Parameters) -> [String; 2] {
        let outputs = parameters.biases.len();
        let named = |part: &str| format!("{}.{part}", value_name(layer + 1));
        let graph = &mut self.graph;
        let scale = graph.constant(named("weight_scale"), &[outputs], &parameters.weight_scales);
        let zero_point = graph.constant(named("weight_zero_point"), &[outputs], &vec![0_i8; outputs]);
        let weight = graph.constant(named("weight_int8"), dims, weights);
        let weight = graph.node(named("weight"), DEQUANTIZE, &[&weight, &scale, &zero_point], [int("axis", 0)]);
        let scale = graph.constant(named("bias_scale"), &[outputs], &parameters.bias_scales);
        let bias = graph.constant(named("bias_int32"), &[outputs], &parameters.biases);
        let bias = graph.node(named("bias"), DEQUANTIZE, &[&bias, &scale], [int("axis", 0)]);
        [weight, bias]
    }

    fn weighted(
        &mut self,
        layer: usize,
        operator: &str,
        (input, form): (usize, Form),
        [weight, bias]: [String; 2],
        attributes: Vec<AttributeProto>,
    ) -> String {
        let input = self.real(input, form);
        self.graph.node(node_name(layer, operator), operator, &[&input, &weight, &bias], attributes)
    }

    fn map_node(&mut self, layer: usize, operator: &str, inputs: &[usize], attributes: Vec<AttributeProto>) -> String {
        let inputs: Vec<String> = inputs.iter().map(|&input| self.real(input, Form::Map)).collect();
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        self.graph.node(node_name(layer, operator), operator, &inputs, attributes)
    }

    /// What a range cuts off that int8 itself does not: nothing, what is negative, or both ends.
    fn clamp(&mut self, layer: usize, value: String, output: Quantization, range: ClampRange) -> String {
        if range == ClampRange::FULL {
            value
        } else if range == ClampRange::relu(output) {
            self.graph.node(node_name(layer, "Relu"), "Relu", &[&value], [])
        } else {
            let name = node_name(layer, "Clip");
            let [min, max] = [("min", range.min), ("max", range.max)]
                .map(|(end, step)| self.graph.constant(format!("{name}.{end}"), &[], &[output.dequantize(step)]));
            self.graph.node(name, "Clip", &[&value, &min, &max], [])
        }
    }

    /// Makes a value of real numbers a tensor of the plan.
    fn quantise(&mut self, tensor: usize, form: Form, value: &str) {
        let Quantization { scale, zero_point } = self.tensor(tensor).quantization;
        let [name, scale_name, zero_point_name] = quantization_names(tensor);
        let scale = self.graph.constant(scale_name, &[], &[scale]);
        let zero_point = self.graph.constant(zero_point_name, &[], &[zero_point]);
        let quantised = self.graph.node(name, "QuantizeLinear", &[value, &scale, &zero_point], []);
        self.quantised.insert((tensor, form), quantised);
    }

    /// A tensor of the plan as int8 numbers; those of the other form are arranged anew.
    fn quantised(&mut self, tensor: usize, form: Form) -> String {
        if let Some(value) = self.quantised.get(&(tensor, form)) {
            return value.clone();
        }
        let [name, ..] = quantization_names(tensor);
        let value = match form {
            Form::Row => {
                let map = self.quantised(tensor, Form::Map);
                self.graph.node(format!("{name}.row"), "Flatten", &[&map], [int("axis", 1)])
            }
            Form::Map => {
                let row = self.quantised(tensor, Form::Row);
                let dims = map_dims(self.tensor(tensor).shape).map(|dim| dim as i64);
                let dims = self.graph.constant(format!("{name}.dims"), &[dims.len()], &dims);
                self.graph.node(format!("{name}.map"), "Reshape", &[&row, &dims], [])
            }
        };
        self.quantised.insert((tensor, form), value.clone());
        value
    }

    /// A tensor of the plan as real numbers.
    fn real(&mut self, tensor: usize, form: Form) -> String {
        if let Some(value) = self.real.get(&(tensor, form)) {
            return value.clone();
        }
        let quantised = self.quantised(tensor, form);
        let [_, scale, zero_point] = quantization_names(tensor);
        let name = format!("{quantised}.real");
        let value = self.graph.node(name, DEQUANTIZE, &[&quantised, &scale, &zero_point], []);
        self.real.insert((tensor, form), value.clone());
        value
    }

    fn tensor(&self, tensor: usize) -> TensorDescription {
        match tensor.checked_sub(1) {
            None => self.plan.input,
            Some(layer) => self.plan.layers[layer].output,
        }
    }

    fn parameters(&self, layer: usize) -> Result<Parameters, OnnxError> {
        let input = self.tensor(usize::from(self.plan.layers[layer].input)).quantization;
        Parameters::read(self.plan, layer, self.data, input)
    }
}

const DEQUANTIZE: &str = "DequantizeLinear";

/// Names of a tensor's int8 value, of its scale and of its zero point.
fn quantization_names(tensor: usize) -> [String; 3] {
    let name = value_name(tensor);
    [format!("{name}.int8"), format!("{name}.scale"), format!("{name}.zero_point")]
}

fn value_name(tensor: usize) -> String {
    tensor.checked_sub(1).map_or_else(|| "input".to_owned(), |layer| format!("layer_{layer}"))
}

fn node_name(layer: usize, operator: &str) -> String {
    format!("{}.{}", value_name(layer + 1), operator.to_lowercase())
}

fn map_dims(shape: Shape) -> [usize; 4] {
    [1, shape.channels.into(), shape.height.into(), shape.width.into()]
}

fn places(shape: Shape) -> usize {
    usize::from(shape.height) * usize::from(shape.width)
}

fn pool(Window { kernel, stride, padding }: Window) -> Vec<AttributeProto> {
    vec![ints("kernel_shape", kernel), ints("strides", stride), ints("pads", padding)]
}

/// Numbers of a `dims` array with its axes in another order: axis `i` of the result is axis `order[i]` of `values`.
pub(super) fn permuted(dims: [usize; 3], order: [usize; 3], values: &[i8]) -> Vec<i8> {
    let strides = [dims[1] * dims[2], dims[2], 1];
    let [first, second, third] = order;
    let mut result = Vec::with_capacity(values.len());
    for i in 0..dims[first] {
        for j in 0..dims[second] {
            result.extend(
                (0..dims[third]).map(|k| values[i * strides[first] + j * strides[second] + k * strides[third]]),
            );
        }
    }
    result
}
