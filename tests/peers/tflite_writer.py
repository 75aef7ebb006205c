"""Writes TensorFlow Lite models operator by operator, without a training framework.

A model is put together from tensors and operators, in the order of execution, and comes out as the bytes of a `.tflite` file. The
schema's classes are those that ai-edge-litert brings along. Shapes are NHWC with a batch of one, as TensorFlow Lite wants them; a
window's padding that is neither none nor TensorFlow's "same" becomes a PAD operator of its own.
"""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

TYPES = {
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.int8): schema.TensorType.INT8,
    np.dtype(np.int32): schema.TensorType.INT32,
}
ACTIVATIONS = {
    None: schema.ActivationFunctionType.NONE,
    "relu": schema.ActivationFunctionType.RELU,
    "relu6": schema.ActivationFunctionType.RELU6,
}
SAME, VALID = schema.Padding.SAME, schema.Padding.VALID


class Quantized:
    """How a tensor is quantised: one scale and zero point, or one scale for each place along an axis."""

    def __init__(self, scale, zero_point=0, axis=0):
        self.scales = np.atleast_1d(np.asarray(scale, np.float32))
        self.zero_points = np.broadcast_to(np.asarray(zero_point, np.int64), self.scales.shape)
        self.axis = axis


class Writer:
    """A model in the making; tensors are known by their number."""

    def __init__(self):
        self.buffers = [schema.BufferT()]
        self.tensors = []
        self.codes = []
        self.operators = []

    def tensor(self, shape, dtype=np.int8, quantized=None):
        """A tensor that an operator computes or that the caller fills."""
        return self._add_tensor(shape, dtype, quantized, 0)

    def constant(self, values, quantized=None):
        """A tensor that lies in the file."""
        values = np.ascontiguousarray(values)
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self.buffers.append(buffer)
        return self._add_tensor(values.shape, values.dtype, quantized, len(self.buffers) - 1)

    def shape(self, tensor):
        return list(self.tensors[tensor].shape)

    def _add_tensor(self, shape, dtype, quantized, buffer):
        tensor = schema.TensorT()
        tensor.name = f"tensor_{len(self.tensors)}"
        tensor.shape = np.array(shape, np.int32)
        tensor.type = TYPES[np.dtype(dtype)]
        tensor.buffer = buffer
        if quantized is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = quantized.scales
            tensor.quantization.zeroPoint = quantized.zero_points
            tensor.quantization.quantizedDimension = quantized.axis
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def operator(self, name, inputs, output, options=None, version=1):
        """Adds an operator by its name in the schema; `options` is an options object of it."""
        number = getattr(schema.BuiltinOperator, name)
        if (number, version) not in self.codes:
            self.codes.append((number, version))
        operator = schema.OperatorT()
        operator.opcodeIndex = self.codes.index((number, version))
        operator.inputs = np.array(inputs, np.int32)
        operator.outputs = np.array([output], np.int32)
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            operator.builtinOptions = options
        self.operators.append(operator)
        return output

    def to_bytes(self, inputs, outputs):
        """The file, for a caller who fills `inputs` and reads `outputs`."""
        graph = schema.SubGraphT()
        graph.name = "main"
        graph.tensors = self.tensors
        graph.operators = self.operators
        graph.inputs = np.array(inputs, np.int32)
        graph.outputs = np.array(outputs, np.int32)
        model = schema.ModelT()
        model.version = 3
        model.description = "Moodbox"
        model.operatorCodes = [_operator_code(number, version) for number, version in self.codes]
        model.subgraphs = [graph]
        model.buffers = self.buffers
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    # Operators.

    def padded(self, source, padding, dtype=np.int8, quantized=None):
        """Rows and columns that mean zero around a picture: top, left, bottom, right."""
        top, left, bottom, right = padding
        _, height, width, channels = self.shape(source)
        target = self.tensor([1, height + top + bottom, width + left + right, channels], dtype, quantized)
        amounts = self.constant(np.array([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32))
        return self.operator("PAD", [source, amounts], target, schema.PadOptionsT(), version=2)

    def convolution(self, source, weights, bias, target, stride, padding=VALID, activation=None):
        """`weights`: `[out, kernel height, kernel width, in]`."""
        options = schema.Conv2DOptionsT(padding=padding, fusedActivationFunction=ACTIVATIONS[activation])
        options.strideH, options.strideW = stride
        return self.operator("CONV_2D", [source, weights, bias], target, options, version=3)

    def depthwise(self, source, weights, bias, target, stride, padding=VALID, activation=None):
        """`weights`: `[1, kernel height, kernel width, channel]`, quantised along axis 3."""
        options = schema.DepthwiseConv2DOptionsT(padding=padding, fusedActivationFunction=ACTIVATIONS[activation])
        options.strideH, options.strideW = stride
        options.depthMultiplier = self.shape(target)[3] // self.shape(source)[3]
        return self.operator("DEPTHWISE_CONV_2D", [source, weights, bias], target, options, version=3)

    def dense(self, source, weights, bias, target, activation=None):
        """`weights`: `[out, in]`."""
        options = schema.FullyConnectedOptionsT(fusedActivationFunction=ACTIVATIONS[activation])
        return self.operator("FULLY_CONNECTED", [source, weights, bias], target, options, version=5)

    def pool(self, name, source, target, window, stride, padding=VALID):
        """`name`: `MAX_POOL_2D` or `AVERAGE_POOL_2D`."""
        options = schema.Pool2DOptionsT(padding=padding)
        options.filterHeight, options.filterWidth = window
        options.strideH, options.strideW = stride
        return self.operator(name, [source], target, options, version=2)

    def mean(self, source, target):
        """The mean of each channel; `target` is `[1, 1, 1, channel]`."""
        axes = self.constant(np.array([1, 2], np.int32))
        return self.operator("MEAN", [source, axes], target, schema.ReducerOptionsT(keepDims=True), version=2)

    def add(self, left, right, target, activation=None):
        options = schema.AddOptionsT(fusedActivationFunction=ACTIVATIONS[activation])
        return self.operator("ADD", [left, right], target, options, version=2)

    def concatenation(self, sources, target):
        """Along the channels; all quantised alike."""
        return self.operator("CONCATENATION", sources, target, schema.ConcatenationOptionsT(axis=3), version=2)

    def requantized(self, source, quantized):
        """The same numbers with another scale and zero point."""
        target = self.tensor(self.shape(source), np.int8, quantized)
        return self.operator("QUANTIZE", [source], target, schema.QuantizeOptionsT(), version=2)

    def softmax(self, source, target, beta=1.0):
        return self.operator("SOFTMAX", [source], target, schema.SoftmaxOptionsT(beta=beta), version=2)

    def reshape(self, source, target):
        return self.operator(
            "RESHAPE", [source, self.constant(np.array(self.shape(target), np.int32))], target, schema.ReshapeOptionsT()
        )


def _operator_code(number, version):
    code = schema.OperatorCodeT()
    # Old readers look at the first field, which ends at 127.
    code.deprecatedBuiltinCode = min(number, 127)
    code.builtinCode = number
    code.version = version
    return code
