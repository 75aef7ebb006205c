"""Makes the golden cases of the int8 kernels with LiteRT's reference kernels.

    pip install -r tests/peers/requirements.txt && python tests/golden/kernels.py [--check]

needs ai-edge-litert 2.3.0, flatbuffers and numpy. Each case is a TensorFlow Lite model of one operator (with the PAD or QUANTIZE that
it needs before it), written by ../peers/tflite_writer.py and run by the reference kernels, without delegates. `kernels.json` tells how
and with what the cases were made and describes them; `kernels.bin` holds their numbers. `--check` writes nothing and fails if what is
there differs from what would be made.

The numbers of a case stand in `kernels.bin` one after the other, little-endian: weights (i8: `[out][kernel height][kernel width][in]`,
depthwise `[kernel height][kernel width][channel]`, dense `[out][in]`), their scales (f32, one an output channel), biases (i32, in steps
of input scale · weight scale, without the zero point); then, `runs` times, each input (i8, `[height][width][channel]`) and the output.

Moodbox rounds once on the way from a sum to an output. LiteRT's dense layers do so too, but for sums exactly halfway between two
outputs: these they take away from zero and Moodbox, as LiteRT's convolutions do, up. None of the dense cases has one. Its other kernels
round twice where the factor is below ½, which can move an output by one step. So cases come in two kinds: `exact` ones, where LiteRT
rounds once or not at all, and others.
"""

import json
import pathlib
import platform
import sys
from importlib.metadata import version

import numpy as np
from kernel_cases import SEED, Cases, add, concatenation, dense, mean, pool, slide, slide_each, softmax


def make():
    cases = Cases()
    for exact in (True, False):
        sliding(cases, "factors near one" if exact else "small factors", exact)
    for input_zero_point, output_zero_point in ((-128, 127), (0, 0), (127, -128)):
        name, ends = f"largest sums from {input_zero_point}", (input_zero_point, output_zero_point)
        slide(cases, f"convolution, {name}", (4, 4, 32), 10, (3, 3), padding="same", zero_points=ends, extreme=True)
        slide(cases, f"convolution of a larger map, {name}", (9, 9, 16), 10, (3, 3), padding="same", zero_points=ends, extreme=True)
        slide(
            cases,
            f"convolution over a longer time, {name}",
            (19, 1, 16),
            10,
            (5, 1),
            padding="same",
            zero_points=ends,
            extreme=True,
        )
        slide_each(cases, f"depthwise, {name}", (6, 4, 10), (5, 3), padding="same", zero_points=ends, extreme=True)
        dense(cases, f"dense, {name}", (1, 1, 300), 10, zero_points=ends, extreme=True)
    dense(cases, "dense, sums next to halves", (1, 1, 3), 500, next_to_halves=True)
    pool(cases, "max pool 2×2", "max_pool", (6, 5, 9), (2, 2), (2, 2))
    pool(cases, "max pool 3×3, padded", "max_pool", (7, 6, 17), (3, 3), (2, 2), "same")
    pool(cases, "max pool over time", "max_pool", (9, 1, 33), (2, 1), (2, 1))
    pool(cases, "average pool 2×2", "average_pool", (6, 5, 9), (2, 2), (2, 2))
    pool(cases, "average pool 3×2, overlapping", "average_pool", (7, 6, 17), (3, 2), (2, 1))
    pool(cases, "average pool over time", "average_pool", (9, 1, 33), (3, 1), (3, 1))
    mean(cases, "mean of a map", (5, 7, 19), (0.05, -20), (0.01, 3))
    mean(cases, "mean over time", (24, 1, 40), (0.03, -128), (0.03, -128))
    mean(cases, "mean of one place", (1, 1, 6), (0.04, 11), (0.09, -11))
    mean(cases, "mean, out of range", (4, 4, 8), (0.5, 127), (0.07, -128))
    add(cases, "add", (4, 5, 7), (0.05, -20), (0.02, 13), (0.06, -4))
    add(cases, "add, then ReLU", (3, 3, 16), (0.05, -128), (0.05, 127), (0.04, -128), "relu")
    add(cases, "add, then ReLU6", (3, 3, 16), (0.05, 0), (0.06, -1), (0.03, -100), "relu6")
    add(cases, "add, scales far apart", (3, 4, 5), (0.001, 127), (0.7, -128), (0.9, 0))
    add(cases, "add, out of range", (3, 4, 5), (0.2, 10), (0.3, -10), (0.02, 5))
    concatenation(cases, "concatenation, alike", (3, 4), (5, 8), [(0.05, 3)] * 2, (0.05, 3))
    concatenation(cases, "concatenation, one requantised", (4, 3), (7, 16), [(0.04, -128), (0.05, 5)], (0.05, 5))
    concatenation(cases, "concatenation, both requantised", (12, 1), (3, 4), [(0.01, 127), (0.033, -9)], (0.04, -128))
    softmax(cases, "softmax, seven", 7, 0.08, -10)
    softmax(cases, "softmax, eight, steep", 8, 0.7, 127)
    softmax(cases, "softmax, two, flat", 2, 0.004, -128)
    return cases


def sliding(cases, kind, exact):
    """Layers with weights, at odd shapes, strides, paddings and zero points."""
    of = {"exact": exact}
    slide(cases, f"convolution 1×1, {kind}", (5, 3, 7), 5, (1, 1), **of)
    slide(cases, f"convolution 3×3, {kind}", (7, 5, 3), 9, (3, 3), (1, 1), "same", "relu", **of)
    slide(cases, f"convolution 3×3, stride 2, {kind}", (9, 8, 8), 16, (3, 3), (2, 2), "same", "relu6", **of)
    slide(cases, f"convolution 3×3 of a larger map, {kind}", (9, 11, 12), 9, (3, 3), (1, 1), "same", **of)
    slide(cases, f"convolution over a longer time, {kind}", (19, 1, 10), 6, (5, 1), (1, 1), (2, 0, 2, 0), "relu", **of)
    slide(cases, f"convolution across, {kind}", (1, 18, 9), 17, (1, 5), (1, 1), (0, 3, 0, 1), **of)
    slide(cases, f"convolution over time, {kind}", (11, 1, 20), 12, (5, 1), (1, 1), (2, 0, 2, 0), "relu", **of)
    slide(cases, f"convolution over time, stride 3, {kind}", (14, 1, 6), 7, (4, 1), (3, 1), (3, 0, 1, 0), **of)
    slide(cases, f"convolution 2×4, padded unevenly, {kind}", (6, 7, 5), 11, (2, 4), (1, 2), (1, 0, 0, 3), **of)
    slide(cases, f"convolution of the whole, {kind}", (4, 3, 5), 3, (4, 3), **of)
    slide_each(cases, f"depthwise 3×3, {kind}", (6, 5, 13), (3, 3), (1, 1), "same", "relu", **of)
    slide_each(cases, f"depthwise 3×3, stride 2, {kind}", (8, 9, 32), (3, 3), (2, 2), (0, 1, 1, 0), "relu6", **of)
    slide_each(cases, f"depthwise over time, {kind}", (13, 1, 35), (5, 1), (2, 1), (4, 0, 0, 0), **of)
    slide_each(cases, f"depthwise 1×1, {kind}", (3, 3, 4), (1, 1), **of)
    dense(cases, f"dense, {kind}", (1, 1, 33), 7, small=exact)
    dense(cases, f"dense over a map, {kind}", (3, 2, 5), 18, "relu", small=exact)
    for ends in ((-128, 127), (127, -128)):
        name = f"zero points {ends[0]} and {ends[1]}, {kind}"
        slide(cases, f"convolution, {name}", (5, 5, 6), 10, (3, 3), (1, 1), (1, 2, 0, 1), zero_points=ends, **of)
        slide_each(cases, f"depthwise, {name}", (5, 5, 6), (3, 3), (1, 1), "same", zero_points=ends, **of)
        dense(cases, f"dense, {name}", (1, 1, 50), 9, small=exact, zero_points=ends)


def main():
    cases = make()
    told = {
        "command": "python tests/golden/kernels.py",
        "ai-edge-litert": version("ai-edge-litert"),
        "flatbuffers": version("flatbuffers"),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "seed": SEED,
        "cases": cases.described,
    }
    # A case a line.
    text = json.dumps(told | {"cases": []}, indent=2)[: -len("[]\n}")] + "[\n"
    text += ",\n".join("    " + json.dumps(case, ensure_ascii=False) for case in cases.described) + "\n  ]\n}\n"
    folder = pathlib.Path(__file__).parent
    for name, content in (("kernels.json", text.encode()), ("kernels.bin", bytes(cases.numbers))):
        path = folder / name
        if "--check" not in sys.argv[1:]:
            path.write_bytes(content)
        elif path.read_bytes() != content:
            sys.exit(f"{path} differs from what ai-edge-litert {version('ai-edge-litert')} makes")


if __name__ == "__main__":
    main()
