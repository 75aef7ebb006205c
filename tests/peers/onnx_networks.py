"""Reads the ONNX networks of `models/` as a plain list of layers, and makes the variants that onnxruntime and tract are measured with.

Two kinds of files come in: the int8 twin, whose layers stand between pairs of QuantizeLinear and DequantizeLinear, and the float network,
whose batch normalisations are folded into the convolutions before them. What comes out are layers as engines with NHWC tensors think of
them: weights `[out][kernel height][kernel width][in]`, activations as part of a layer, no layer that computes nothing.
"""

import dataclasses

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

INPUT = "input"
# Hand a tensor on as it is, or in another form.
NOTHING = {"Flatten", "Identity", "Reshape", "Squeeze", "Dropout"}


@dataclasses.dataclass
class Layer:
    """What one operator computes, with the activation after it."""

    name: str
    # convolution, depthwise, dense, max_pool, average_pool, global_average_pool, add or concatenation.
    operation: str
    # Names of layers, or INPUT.
    sources: list
    # Height, width, channels.
    shape: tuple
    weights: np.ndarray = None
    bias: np.ndarray = None
    # One a channel; None in a float network.
    weight_scales: np.ndarray = None
    kernel: tuple = (1, 1)
    stride: tuple = (1, 1)
    # Top, left, bottom, right.
    padding: tuple = (0, 0, 0, 0)
    activation: str = None
    # Scale and zero point of the output; None in a float network.
    quantization: tuple = None


@dataclasses.dataclass
class Network:
    input_shape: tuple
    input_quantization: tuple
    layers: list

    def macs(self):
        shapes = {INPUT: self.input_shape} | {layer.name: layer.shape for layer in self.layers}
        return sum(_macs(layer, shapes) for layer in self.layers)


def _macs(layer, shapes):
    if layer.operation == "dense":
        return layer.weights.size
    if layer.operation not in ("convolution", "depthwise"):
        return 0
    inputs = shapes[layer.sources[0]][2] if layer.operation == "convolution" else 1
    return int(np.prod(layer.shape)) * int(np.prod(layer.kernel)) * inputs


def read(path):
    """The layers of a network, int8 or float."""
    reader = _Reader(onnx.load(path).graph)
    for node in reader.graph.node:
        reader.take(node)
    return Network(reader.input_shape, reader.input_quantization, list(reader.layers.values()))


class _Reader:
    def __init__(self, graph):
        self.graph = graph
        dims = [dim.dim_value for dim in graph.input[0].type.tensor_type.shape.dim]
        self.input_shape = (dims[2], dims[3], dims[1])
        self.input_quantization = None
        # Whether the sequence lies down where the file is at, from left to right; the layers made here see it stand, from top to bottom.
        self.is_lying = False
        self.layers = {}
        # Values of the graph: constants as (numbers, scales or None), tensors by the layer that makes them.
        self.constants = {tensor.name: (numpy_helper.to_array(tensor), None) for tensor in graph.initializer}
        self.tensors = {graph.input[0].name: INPUT}

    def shape(self, tensor):
        return self.input_shape if tensor == INPUT else self.layers[tensor].shape

    def take(self, node):
        attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        first = node.input[0]
        if first in self.constants:
            self.take_constant(node, attributes)
        elif node.op_type in NOTHING or node.op_type == "DequantizeLinear":
            self.tensors[node.output[0]] = self.tensors[first]
            if node.op_type == "Reshape":
                self.turn(self.shape(self.tensors[first]), self.constants[node.input[1]][0])
        elif node.op_type == "QuantizeLinear":
            self.quantise(self.tensors[first], node)
        elif node.op_type in ("Relu", "Clip"):
            self.layers[self.tensors[first]].activation = "relu" if node.op_type == "Relu" else self.clip(node)
            self.tensors[node.output[0]] = self.tensors[first]
        elif node.op_type == "BatchNormalization":
            self.fold(self.layers[self.tensors[first]], node, attributes)
        elif node.op_type == "Add" and node.input[1] in self.constants:
            layer = self.layers[self.tensors[first]]
            layer.bias = layer.bias + self.constants[node.input[1]][0].reshape(-1)
            self.tensors[node.output[0]] = layer.name
        else:
            layer = self.layer(node, attributes)
            self.layers[layer.name] = layer
            self.tensors[node.output[0]] = layer.name

    def turn(self, standing, dims):
        """Notes a Reshape by which a column of places becomes a row, or a row a column. (Weights are left as they stand.)"""
        height, width, _ = standing
        if len(dims) == 4 and height != width and 1 in (height, width):
            self.is_lying = tuple(dims[2:]) == (width, height)

    def standing(self, sizes):
        """Sizes along height and width, as the layers made here see them."""
        if self.is_lying:
            sizes = [size for place in range(0, len(sizes), 2) for size in (sizes[place + 1], sizes[place])]
        return tuple(sizes)

    def take_constant(self, node, attributes):
        """What is done to a weight or bias before a layer reads it."""
        numbers, scales = self.constants[node.input[0]]
        if node.op_type == "DequantizeLinear":
            scales = self.constants[node.input[1]][0]
        elif node.op_type == "Transpose":
            numbers = numbers.transpose(attributes["perm"])
        elif node.op_type not in NOTHING:
            raise ValueError(f"{node.op_type} of a constant")
        self.constants[node.output[0]] = (numbers, scales)

    def quantise(self, tensor, node):
        quantization = tuple(self.constants[name][0].item() for name in node.input[1:3])
        if tensor == INPUT:
            self.input_quantization = quantization
        elif self.layers[tensor].quantization in (None, quantization):
            self.layers[tensor].quantization = quantization
        else:
            raise ValueError(f"{tensor} is quantised in two ways")
        self.tensors[node.output[0]] = tensor

    def clip(self, node):
        low, high = (float(self.constants[name][0]) for name in node.input[1:3])
        # An int8 network clips at the step next to six.
        if low == 0 and abs(high - 6) < 0.1:
            return "relu6"
        raise ValueError(f"a clip from {low} to {high} is neither ReLU nor ReLU6")

    def fold(self, layer, node, attributes):
        gamma, beta, mean, variance = (self.constants[name][0] for name in node.input[1:5])
        factor = gamma / np.sqrt(variance + attributes["epsilon"])
        layer.weights = layer.weights * (factor if layer.operation == "depthwise" else factor[:, None, None, None])
        layer.bias = (layer.bias - mean) * factor + beta
        self.tensors[node.output[0]] = layer.name

    def layer(self, node, attributes):
        sources = [self.tensors[name] for name in node.input if name in self.tensors]
        height, width, channels = self.shape(sources[0])
        layer = Layer(node.output[0], "", sources, (height, width, channels))
        kernel = attributes.get("kernel_shape")
        kernel = None if kernel is None else self.standing(kernel)
        if node.op_type == "Conv":
            weights, layer.weight_scales = self.constants[node.input[1]]
            kernel, groups = weights.shape[2:], attributes.get("group", 1)
            if groups not in (1, channels) or set(attributes.get("dilations", [1])) != {1}:
                raise ValueError("only plain and depthwise convolutions")
            is_depthwise = groups == channels > 1
            layer.operation = "depthwise" if is_depthwise else "convolution"
            layer.weights = weights[:, 0].transpose(1, 2, 0) if is_depthwise else weights.transpose(0, 2, 3, 1)
            channels = weights.shape[0]
            layer.bias = self.constants[node.input[2]][0] if len(node.input) > 2 else np.zeros(channels, np.float32)
        elif node.op_type in ("Gemm", "MatMul"):
            weights, layer.weight_scales = self.constants[node.input[1]]
            weights = weights if attributes.get("transB") else weights.T
            # From channel by channel to place by place.
            weights = weights.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
            layer.operation, layer.weights = "dense", weights.reshape(weights.shape[0], -1)
            outputs = weights.shape[0]
            layer.bias = self.constants[node.input[2]][0] if len(node.input) > 2 else np.zeros(outputs, np.float32)
            layer.shape = (1, 1, outputs)
        elif node.op_type == "GlobalAveragePool":
            layer.operation, layer.shape = "global_average_pool", (1, 1, channels)
        elif node.op_type == "Concat":
            layer.operation = "concatenation"
            layer.shape = (height, width, sum(self.shape(source)[2] for source in sources))
        else:
            layer.operation = {"MaxPool": "max_pool", "AveragePool": "average_pool", "Add": "add"}[node.op_type]
        if kernel is not None:
            layer.kernel = tuple(kernel)
            layer.stride = self.standing(attributes.get("strides", (1, 1)))
            top, left, bottom, right = layer.padding = self.standing(attributes.get("pads", (0, 0, 0, 0)))
            padded = (height + top + bottom, width + left + right)
            sides = [(size - k) // step + 1 for size, k, step in zip(padded, layer.kernel, layer.stride)]
            layer.shape = (*sides, channels)
        return layer


def int8_border(path, unsigned=False):
    """The int8 twin without the float tensors at both ends: it reads and returns 8-bit numbers, as all other engines here do.

    * `unsigned`: the same network with every activation moved up by 128, which is how onnxruntime is fastest

    Returns the bytes of the model.
    """
    model = onnx.load(path)
    graph = model.graph
    source, result = graph.input[0], graph.output[0]
    first = next(node for node in graph.node if source.name in node.input)
    makers = {name: node for node in graph.node for name in node.output}
    last, dropped = makers[result.name], [first]
    while last.op_type != "QuantizeLinear":
        if last.op_type not in ("Identity", "DequantizeLinear"):
            raise ValueError(f"{last.op_type} after the last QuantizeLinear")
        dropped.append(last)
        last = makers[last.input[0]]
    assert first.op_type == "QuantizeLinear", "the input is quantised first"
    for node in dropped:
        graph.node.remove(node)
    kind = TensorProto.UINT8 if unsigned else TensorProto.INT8
    border = [
        helper.make_tensor_value_info(name, kind, [dim.dim_value for dim in value.type.tensor_type.shape.dim])
        for name, value in ((first.output[0], source), (last.output[0], result))
    ]
    del graph.input[:], graph.output[:], graph.value_info[:]
    graph.input.append(border[0])
    graph.output.append(border[1])
    if unsigned:
        _shift_up(graph)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def _shift_up(graph):
    constants = {tensor.name: tensor for tensor in graph.initializer}
    activations = {
        node.input[2]
        for node in graph.node
        if node.op_type in ("QuantizeLinear", "DequantizeLinear") and node.input[0] not in constants and len(node.input) > 2
    }
    for name in activations:
        zero_point = numpy_helper.to_array(constants[name]).astype(np.int16) + 128
        constants[name].CopyFrom(numpy_helper.from_array(zero_point.astype(np.uint8), name))


def identity(dims, kind):
    """A network that does nothing, to see what the way into the engine and back costs. Returns the bytes of the model."""
    source, result = (helper.make_tensor_value_info(name, kind, dims) for name in ("source", "result"))
    graph = helper.make_graph([helper.make_node("Identity", ["source"], ["result"])], "identity", [source], [result])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7).SerializeToString()
