"""Runs Moodbox's int8 networks beside onnxruntime, LiteRT (XNNPACK) and tract, and tells what each takes.

    pip install -r tests/peers/requirements.txt
    python tests/peers/networks.py [--rounds 5] [--runs 200] [--out tests/reports/engine.md] [--no-tract]

The network is one and the same: `models/*.int8.onnx`, the twin of the `.moodnet` file, and the TensorFlow Lite model that is made of it
here. Every engine starts from 8-bit numbers and ends in them, but for tract, which gets the twin with the float numbers at both ends.
They take turns, each in a process of its own on one and the same processor: one thread, batch one, warm; what is told are medians over
all rounds. From the times of engines that are called from Python the time of a call that computes nothing is taken off.

Before that, every engine computes the inputs that the sample in models/ makes (tract the first of them; `tests/tests/twin.rs` gives it a
thousand). It counts as running the same network if no logit is more than a step from Moodbox's and no answer differs. The program fails
if none does, or if onnxruntime's profile of an int8 network shows a kernel that computes in floating point.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import network_report
import numpy as np
import onnx_networks
import tflite_twin
from peer import Peer

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# Options of onnxruntime's sessions.
EXACT = "session.x64quantprecision=1"
INT8_ALLOWED = "session.qdqisint8allowed=1"


def built(program, *more):
    """Builds a program of moodbox-tests and returns its path."""
    command = ["cargo", "build", "--release", "-p", "moodbox-tests", "--bin", program, *more, "--message-format=json"]
    lines = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return next(path for path in (json.loads(line).get("executable") for line in lines) if path)


def allocation_counter(folder):
    """A library that counts requests for memory; None where there is no C compiler."""
    library = folder / "libcount_allocations.so"
    try:
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, HERE / "count_allocations.c"], check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return library


class Files:
    """The files of one network: its twins in the forms in which engines want them, and the inputs of the sample."""

    def __init__(self, name, folder, moodbox):
        models = ROOT / "models"
        self.folder, self.name = folder, name
        self.model, self.float_onnx = models / f"{name}.moodnet", models / f"{name}.onnx"
        self.twin = twin = models / f"{name}.int8.onnx"
        self.inputs = folder / f"{name}.inputs"
        subprocess.run([moodbox, "--model", self.model, "inputs", "--out", self.inputs], check=True)
        network, float_network = onnx_networks.read(twin), onnx_networks.read(self.float_onnx)
        self.macs, self.output_quantization = network.macs(), network.layers[-1].quantization
        self.signed = self.save("s8.onnx", onnx_networks.int8_border(twin))
        self.unsigned = self.save("u8.onnx", onnx_networks.int8_border(twin, unsigned=True))
        self.tflite = self.save("int8.tflite", tflite_twin.twin(network))
        self.float_tflite = self.save("f32.tflite", tflite_twin.twin(float_network))
        scale, zero_point = network.input_quantization
        nhwc = np.fromfile(self.inputs, np.int8).reshape(-1, *network.input_shape)
        nchw = np.ascontiguousarray(nhwc.transpose(0, 3, 1, 2))
        real = ((nchw.astype(np.float32) - zero_point) * scale).astype(np.float32)
        self.nhwc, self.signed_nchw = self.save("nhwc.npy", nhwc), self.save("s8.npy", nchw)
        self.unsigned_nchw = self.save("u8.npy", (nchw.astype(np.int16) + 128).astype(np.uint8))
        self.real_nchw = self.save("f32.npy", real)
        self.real_nhwc = self.save("f32.nhwc.npy", np.ascontiguousarray(real.transpose(0, 2, 3, 1)))
        # The first one, for programs that do not know NumPy.
        self.first_real = self.save("f32.raw", real[0].tobytes())

    def save(self, ending, content):
        path = self.folder / f"{self.name}.{ending}"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            np.save(path, content)
        return path


def peers(files, moodbox, tract):
    """Moodbox, then all others."""

    def python(engine, what, model, inputs, *options, **more):
        command = [sys.executable, HERE / "engines.py", engine.lower(), "--model", model, "--inputs", inputs, *options]
        return Peer(engine, what, command, **more)

    exact, int8_allowed = ("--option", EXACT), ("--option", INT8_ALLOWED)
    unsigned = {"offset": -128}
    yield Peer("Moodbox", "the model file", [moodbox, "--model", files.model, "run", "--inputs", files.inputs])
    yield python("LiteRT", "XNNPACK", files.tflite, files.nhwc)
    yield python("onnxruntime", f"`{INT8_ALLOWED}`", files.signed, files.signed_nchw, *int8_allowed, "--integer-only")
    what = f"activations as uint8, `{EXACT}`"
    yield python("onnxruntime", what, files.unsigned, files.unsigned_nchw, *exact, "--integer-only", **unsigned)
    # Its default on x86-64 without VNNI: sums of two products saturate at 16 bits.
    yield python("onnxruntime", "activations as uint8", files.unsigned, files.unsigned_nchw, "--integer-only", **unsigned)
    if tract:
        for what, model, is_int8 in (("from and to f32", files.twin, True), ("f32", files.float_onnx, False)):
            command = [tract, "--model", model, "--input", files.first_real]
            yield Peer("tract", what, command, is_int8=is_int8, real=files.output_quantization)
    yield python("LiteRT", "f32, XNNPACK", files.float_tflite, files.real_nhwc, is_int8=False)
    yield python("onnxruntime", "f32", files.float_onnx, files.real_nchw, is_int8=False)


def measured(files, moodbox, tract, counter, rounds, runs):
    """The peers with what they took, Moodbox first."""
    everybody = list(peers(files, moodbox, tract))
    ours = everybody[0]
    told = [peer.compute(counter if "engines.py" in str(peer.command[1]) else None) for peer in everybody][0]
    assert told["macs"] == files.macs, "the twin is of another network"
    if not any(peer.computes_as(ours) for peer in everybody[1:]):
        sys.exit(f"no engine computes the {files.name} network as Moodbox does: is the twin of this model file?")
    for _ in range(rounds):
        for peer in everybody:
            peer.take_turn(runs)
    return everybody


def main():
    parser = argparse.ArgumentParser(description="Runs Moodbox's networks beside other engines.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--out", type=pathlib.Path, help="file that receives the report")
    parser.add_argument("--no-tract", action="store_true", help="leave out tract, which takes minutes to build")
    arguments = parser.parse_args()
    moodbox = built("moodbox_peer")
    tract = None if arguments.no_tract else built("tract_peer", "--features", "tract")
    # What is started from here on stays there too.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        counter = allocation_counter(folder)
        text = network_report.head(arguments.rounds, arguments.runs)
        for task in ("face", "speech"):
            files = Files(task, folder, moodbox)
            everybody = measured(files, moodbox, tract, counter, arguments.rounds, arguments.runs)
            text += network_report.network(files, everybody)
    print(text, end="")
    if arguments.out:
        arguments.out.write_text(text)


if __name__ == "__main__":
    main()
