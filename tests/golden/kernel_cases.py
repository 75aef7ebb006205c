"""The golden cases of the int8 kernels, one function an operator: each builds a model, runs it in LiteRT and keeps the numbers.

`kernels.py` tells which cases there are, and what becomes of them.
"""

import dataclasses
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "peers"))
from ai_edge_litert.interpreter import Interpreter, OpResolverType  # noqa: E402
from tflite_writer import SAME, VALID, Quantized, Writer  # noqa: E402

SEED = 20_261_123
RUNS = 4
# Top, left, bottom, right.
NONE = (0, 0, 0, 0)
random = np.random.default_rng(SEED)


@dataclasses.dataclass
class Tensor:
    """Height × width × channels, and how real numbers are kept."""

    shape: tuple
    scale: float
    zero_point: int

    def quantized(self):
        return Quantized(self.scale, self.zero_point)

    def described(self):
        quantization = {"scale": float(np.float32(self.scale)), "zero_point": self.zero_point}
        return {"shape": list(self.shape), "quantization": quantization}


class Cases:
    """What has been made so far."""

    def __init__(self):
        self.described = []
        self.numbers = bytearray()

    def add(self, name, operation, inputs, output, build, values, exact, parameters=(), **described):
        """Runs a model and keeps what went in and what came out.

        * `build(writer, inputs, output)`: adds the operator, between tensors that are there
        * `values`: for each run, the numbers of each input
        """
        writer = Writer()
        sources = [writer.tensor([1, *tensor.shape], np.int8, tensor.quantized()) for tensor in inputs]
        target = writer.tensor([1, *output.shape], np.int8, output.quantized())
        build(writer, sources, target)
        interpreter = Interpreter(
            model_content=writer.to_bytes(sources, [target]),
            num_threads=1,
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        )
        interpreter.allocate_tensors()
        for numbers in parameters:
            self.numbers += numbers.tobytes()
        # In the order in which they were handed over, whatever the interpreter's.
        places = {detail["name"]: detail["index"] for detail in interpreter.get_input_details()}
        for run in values:
            for source, numbers in zip(sources, run):
                interpreter.set_tensor(places[f"tensor_{source}"], numbers)
                self.numbers += numbers.tobytes()
            interpreter.invoke()
            self.numbers += interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).tobytes()
        self.described.append(
            {
                "name": name,
                "operation": operation,
                "exact": exact,
                "runs": len(values),
                "inputs": [tensor.described() for tensor in inputs],
                "output": output.described(),
                **described,
            }
        )


def anything(shape):
    return random.integers(-128, 128, (1, *shape)).astype(np.int8)


def sizes(shape, kernel, stride, padding):
    """Height and width of an output, and the padding in numbers: top, left, bottom, right."""
    if padding == "same":
        out = [-(-size // step) for size, step in zip(shape, stride)]
        room = [max((o - 1) * step + k - size, 0) for o, step, k, size in zip(out, stride, kernel, shape)]
        return out, [room[0] // 2, room[1] // 2, room[0] - room[0] // 2, room[1] - room[1] // 2]
    top, left, bottom, right = padding
    padded = (shape[0] + top + bottom, shape[1] + left + right)
    return [(size - k) // step + 1 for size, k, step in zip(padded, kernel, stride)], list(padding)


class Layer:
    """Weights, scales and values of a layer that multiplies."""

    def __init__(self, source, outputs, places, *, small, zero_points=(-7, 9), extreme=False):
        """* `places`: shape of an output channel's weights
        * `small`: sums are so small that factors in [½, 1) bring them into the output's range
        * `zero_points`: of input and output
        * `extreme`: sums are as large as they get
        """
        terms = int(np.prod(places))
        input_zero_point, output_zero_point = zero_points
        if small:
            # The factor is the weights' scale.
            scale, self.weight_scales = 0.25, random.uniform(0.5, 1.0, outputs)
            largest, spread = 3, max(1, round(40 / terms**0.5))
            self.biases = random.integers(-30, 30, outputs)
        else:
            scale, self.weight_scales = 0.0235, random.uniform(0.0005, 0.004, outputs)
            largest, spread = 127, 255
            self.biases = random.integers(-20_000, 20_000, outputs)
        self.weights = random.integers(-largest, largest + 1, (outputs, *places)).astype(np.int8)
        self.weight_scales = self.weight_scales.astype(np.float32)
        self.biases = self.biases.astype(np.int32)
        self.source = Tensor(source, scale, input_zero_point)
        low, high = max(-128, input_zero_point - spread), min(127, input_zero_point + spread)
        self.values = [[random.integers(low, high + 1, (1, *source)).astype(np.int8)] for _ in range(RUNS)]
        # A normal sum reaches a third of the output's range.
        reach = scale * float(self.weight_scales.mean()) * largest / 3**0.5 * 74 * terms**0.5
        self.output_scale = scale if small else reach / 45
        self.output_zero_point = output_zero_point
        if extreme:
            # Every product of one sign in half of the channels, of the other in the rest: the largest sums there are.
            self.weights[...] = 127
            self.weights[1::2] = -127
            self.values = [[np.full((1, *source), value, np.int8)] for value in (-128, 127)]

    def bias_to_halves(self):
        """Biases that, with inputs that mean zero, come to lie next to the middle between two outputs."""
        halves = random.integers(-100, 100, len(self.biases)) + 0.5
        factors = np.float64(np.float32(self.source.scale)) * self.weight_scales / np.float64(np.float32(self.output_scale))
        self.biases = np.round(halves / factors).astype(np.int32)
        self.values = [[np.full((1, *self.source.shape), self.source.zero_point, np.int8)]]

    def constants(self, writer, axis=0):
        weights = writer.constant(self.weights, Quantized(self.weight_scales, axis=axis))
        scales = np.float32(self.source.scale) * self.weight_scales
        return weights, writer.constant(self.biases, Quantized(scales))

    def parameters(self):
        return self.weights, self.weight_scales.astype("<f4"), self.biases.astype("<i4")


def slide(cases, name, shape, outputs, kernel, stride=(1, 1), padding=NONE, activation=None, exact=False, depthwise=False, **more):
    """A convolution, or with `depthwise` one of each channel by itself."""
    (height, width), explicit = sizes(shape[:2], kernel, stride, padding)
    channels = shape[2]
    places = kernel if depthwise else (*kernel, channels)
    layer = Layer(shape, outputs, places, small=exact, **more)
    if exact:
        # Every odd sum of the first channel lies halfway between two outputs.
        layer.weight_scales[0] = 0.5
    if depthwise:
        # As both TensorFlow Lite and Moodbox have them: the channel innermost.
        layer.weights = np.ascontiguousarray(np.moveaxis(layer.weights, 0, -1))[None]
    output = Tensor((height, width, outputs), layer.output_scale, layer.output_zero_point)

    def build(writer, sources, target):
        source = sources[0]
        if padding != "same" and any(padding):
            source = writer.padded(source, explicit, np.int8, layer.source.quantized())
        operator = writer.depthwise if depthwise else writer.convolution
        how = SAME if padding == "same" else VALID
        operator(source, *layer.constants(writer, axis=3 if depthwise else 0), target, stride, how, activation)

    cases.add(
        name,
        "depthwise" if depthwise else "convolution",
        [layer.source],
        output,
        build,
        layer.values,
        exact,
        layer.parameters(),
        window={"kernel": list(kernel), "stride": list(stride), "padding": explicit},
        activation=activation,
    )


def slide_each(cases, name, shape, kernel, stride=(1, 1), padding=NONE, activation=None, **more):
    """A convolution of each channel by itself."""
    slide(cases, name, shape, shape[2], kernel, stride, padding, activation, depthwise=True, **more)


def dense(cases, name, shape, outputs, activation=None, small=False, next_to_halves=False, **more):
    layer = Layer(shape, outputs, (int(np.prod(shape)),), small=small, **more)
    if next_to_halves:
        layer.bias_to_halves()
    output = Tensor((1, 1, outputs), layer.output_scale, layer.output_zero_point)

    def build(writer, sources, target):
        flat = writer.tensor([1, int(np.prod(shape))], np.int8, layer.source.quantized())
        result = writer.tensor([1, outputs], np.int8, output.quantized())
        writer.reshape(sources[0], flat)
        writer.dense(flat, *layer.constants(writer), result, activation)
        writer.reshape(result, target)

    cases.add(name, "dense", [layer.source], output, build, layer.values, True, layer.parameters(), activation=activation)


def pool(cases, name, operation, shape, kernel, stride, padding=NONE):
    (height, width), explicit = sizes(shape[:2], kernel, stride, padding)
    tensor = Tensor(shape, 0.05, -20)
    output = Tensor((height, width, shape[2]), 0.05, -20)
    operator = {"max_pool": "MAX_POOL_2D", "average_pool": "AVERAGE_POOL_2D"}[operation]
    how = SAME if padding == "same" else VALID
    cases.add(
        name,
        operation,
        [tensor],
        output,
        lambda writer, sources, target: writer.pool(operator, sources[0], target, kernel, stride, how),
        [[anything(shape)] for _ in range(RUNS)],
        True,
        window={"kernel": list(kernel), "stride": list(stride), "padding": explicit},
    )


def mean(cases, name, shape, source, target):
    """`source` and `target`: scale and zero point."""
    values = [[anything(shape)] for _ in range(RUNS)]
    # All of one sign, so that the mean is far from zero.
    values += [[np.full((1, *shape), value, np.int8)] for value in (-128, 127)]
    cases.add(
        name,
        "global_average_pool",
        [Tensor(shape, *source)],
        Tensor((1, 1, shape[2]), *target),
        lambda writer, sources, result: writer.mean(sources[0], result),
        values,
        False,
    )


def add(cases, name, shape, left, right, target, activation=None):
    """`left`, `right` and `target`: scale and zero point."""
    cases.add(
        name,
        "add",
        [Tensor(shape, *left), Tensor(shape, *right)],
        Tensor(shape, *target),
        lambda writer, sources, result: writer.add(*sources, result, activation),
        [[anything(shape), anything(shape)] for _ in range(RUNS)],
        False,
        activation=activation,
    )


def concatenation(cases, name, place, channels, quantizations, target):
    """`quantizations` of the parts and `target`: scale and zero point; parts that are not quantised as the target are requantised."""
    parts = [Tensor((*place, count), *quantization) for count, quantization in zip(channels, quantizations)]

    def build(writer, sources, result):
        alike = [
            source if quantization == target else writer.requantized(source, Quantized(*target))
            for source, quantization in zip(sources, quantizations)
        ]
        writer.concatenation(alike, result)

    cases.add(
        name,
        "concatenation",
        parts,
        Tensor((*place, sum(channels)), *target),
        build,
        [[anything(part.shape) for part in parts] for _ in range(RUNS)],
        all(quantization == target for quantization in quantizations),
    )


def softmax(cases, name, logits, scale, zero_point):
    """The output's step is 1/256, from −128 on, as TensorFlow Lite wants it."""
    shape = (1, 1, logits)
    values = [[anything(shape)] for _ in range(16)]
    values += [[random.integers(-5, 6, (1, *shape)).astype(np.int8)] for _ in range(16)]
    values += [[np.full((1, *shape), value, np.int8)] for value in (-128, 127)]
    cases.add(
        name,
        "softmax",
        [Tensor(shape, scale, zero_point)],
        Tensor(shape, 1 / 256, -128),
        lambda writer, sources, target: writer.softmax(sources[0], target),
        values,
        False,
    )
