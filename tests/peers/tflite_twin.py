"""Makes TensorFlow Lite models of the networks that `onnx_networks` reads: the same numbers, in NHWC.

An int8 network reads and returns int8; its weights, scales, zero points and biases are those of the ONNX file.
"""

import numpy as np
from onnx_networks import INPUT
from tflite_writer import SAME, VALID, Quantized, Writer


def twin(network):
    """The bytes of a `.tflite` file."""
    return _Twin(network).bytes


def identity(count, dtype):
    """A model that does nothing, to see what the way into the engine and back costs."""
    writer = Writer()
    quantized = Quantized(0.5) if dtype == np.int8 else None
    source = writer.tensor([1, count], dtype, quantized)
    target = writer.reshape(source, writer.tensor([1, count, 1], dtype, quantized))
    return writer.to_bytes([source], [target])


class _Twin:
    def __init__(self, network):
        self.dtype = np.float32 if network.input_quantization is None else np.int8
        self.writer = Writer()
        self.quantizations = {INPUT: network.input_quantization}
        self.tensors = {INPUT: self.tensor(network.input_shape, network.input_quantization)}
        for layer in network.layers:
            self.quantizations[layer.name] = layer.quantization
            self.tensors[layer.name] = self.add(layer)
        last = network.layers[-1].name
        self.bytes = self.writer.to_bytes([self.tensors[INPUT]], [self.tensors[last]])

    def tensor(self, shape, quantization):
        return self.writer.tensor([1, *shape], self.dtype, _quantized(quantization))

    def add(self, layer):
        writer = self.writer
        sources = [self.tensors[source] for source in layer.sources]
        target = self.tensor(layer.shape, layer.quantization)
        if layer.operation in ("convolution", "depthwise"):
            source, how = self.padded(sources[0], layer)
            operator = writer.convolution if layer.operation == "convolution" else writer.depthwise
            return operator(source, *self.constants(layer), target, layer.stride, how, layer.activation)
        if layer.operation == "dense":
            return self.dense(layer, sources[0], target)
        if layer.operation in ("max_pool", "average_pool"):
            how = self.same_or_valid(sources[0], layer)
            if how is None:
                raise ValueError("TensorFlow Lite pads pools in its own way only")
            return writer.pool(f"{layer.operation.upper()}_2D", sources[0], target, layer.kernel, layer.stride, how)
        if layer.operation == "global_average_pool":
            return writer.mean(sources[0], target)
        if layer.operation == "add":
            return writer.add(*sources, target, layer.activation)
        return writer.concatenation([self.alike(name, layer) for name in layer.sources], target)

    def constants(self, layer):
        if self.dtype == np.float32:
            weights = layer.weights[None] if layer.operation == "depthwise" else layer.weights
            return self.writer.constant(weights.astype(np.float32)), self.writer.constant(layer.bias.astype(np.float32))
        is_depthwise = layer.operation == "depthwise"
        weights = layer.weights[None] if is_depthwise else layer.weights
        scales = np.float32(self.quantizations[layer.sources[0]][0]) * layer.weight_scales
        return (
            self.writer.constant(weights, Quantized(layer.weight_scales, axis=3 if is_depthwise else 0)),
            self.writer.constant(layer.bias.astype(np.int32), Quantized(scales)),
        )

    def dense(self, layer, source, target):
        writer = self.writer
        numbers = int(np.prod(writer.shape(source)))
        flat = writer.tensor([1, numbers], self.dtype, _quantized(self.quantizations[layer.sources[0]]))
        row = writer.tensor([1, layer.shape[2]], self.dtype, _quantized(layer.quantization))
        writer.reshape(source, flat)
        writer.dense(flat, *self.constants(layer), row, layer.activation)
        return writer.reshape(row, target)

    def same_or_valid(self, source, layer):
        """How TensorFlow Lite calls a layer's padding; None where it has no name for it."""
        if not any(layer.padding):
            return VALID
        _, height, width, _ = self.writer.shape(source)
        sides = zip((height, width), layer.shape, layer.kernel, layer.stride)
        room = [max((out - 1) * step + kernel - size, 0) for size, out, kernel, step in sides]
        same = (room[0] // 2, room[1] // 2, room[0] - room[0] // 2, room[1] - room[1] // 2)
        is_same = same == layer.padding and all(
            out == -(-size // step) for size, out, step in zip((height, width), layer.shape, layer.stride)
        )
        return SAME if is_same else None

    def padded(self, source, layer):
        """What a convolution reads, padded beforehand where TensorFlow Lite has no name for the padding."""
        how = self.same_or_valid(source, layer)
        if how is not None:
            return source, how
        quantized = _quantized(self.quantizations[layer.sources[0]])
        return self.writer.padded(source, layer.padding, self.dtype, quantized), VALID

    def alike(self, name, layer):
        """A tensor, requantised as a layer's output where it is not."""
        if self.quantizations[name] == layer.quantization:
            return self.tensors[name]
        return self.writer.requantized(self.tensors[name], _quantized(layer.quantization))


def _quantized(quantization):
    return None if quantization is None else Quantized(*quantization)
