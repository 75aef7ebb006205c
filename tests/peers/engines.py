"""Runs a network in onnxruntime or LiteRT and prints times, logits and requests for memory as JSON; `networks.py` starts it.

    python engines.py onnxruntime|litert --model FILE --inputs FILE [--option NAME=VALUE] [--integer-only] --runs N

INPUTS is a NumPy file of inputs in the form in which the network reads them. One thread. Times are of the engine's own call: the input lies
in place before, the output is read afterwards. `overhead_nanoseconds` are of the same call on a network that does nothing. Under
`--integer-only`, onnxruntime's profiler is asked too, and a kernel that computes in floating point is an error.
"""

import argparse
import collections
import ctypes
import json
import os
import pathlib
import statistics
import tempfile
import time

import numpy as np

WARM_UP = 20
# Kernels of onnxruntime that compute with 8-bit numbers, or only hand them on.
INTEGER = {
    *("QLinearConv", "QLinearAdd", "QLinearGlobalAveragePool", "QLinearAveragePool", "QLinearConcat", "QLinearMatMul", "QGemm"),
    *("MaxPool", "NhwcMaxPool", "Flatten", "Reshape", "Transpose", "Identity"),
}


class OnnxRuntime:
    def __init__(self, model, inputs, options=()):
        self.session = session(model, options)
        self.source, self.result = self.session.get_inputs()[0], self.session.get_outputs()[0]
        self.inputs = inputs
        self.binding = self.session.io_binding()
        self.take(0)
        self.binding.bind_output(self.result.name)
        self.run()
        # From now on always in the same place.
        self.output = self.binding.get_outputs()[0]
        self.binding.bind_ortvalue_output(self.result.name, self.output)

    def take(self, index):
        self.binding.bind_cpu_input(self.source.name, self.inputs[index : index + 1])

    def run(self):
        self.session.run_with_iobinding(self.binding)

    def logits(self):
        return self.output.numpy().reshape(-1)

    def idle(self):
        """A network that hands on as many numbers as this one returns."""
        from onnx import helper
        from onnx_networks import identity

        logits = self.logits()[None]
        return OnnxRuntime(identity(logits.shape, helper.np_dtype_to_tensor_dtype(logits.dtype)), logits)


class LiteRt:
    def __init__(self, model, inputs, _options=()):
        from ai_edge_litert.interpreter import Interpreter

        source = {"model_content": model} if isinstance(model, bytes) else {"model_path": model}
        self.interpreter = Interpreter(**source, num_threads=1)
        self.interpreter.allocate_tensors()
        self.inputs = inputs
        self.take(0)
        self.run = self.interpreter.invoke
        self.run()

    def take(self, index):
        self.interpreter.set_tensor(self.interpreter.get_input_details()[0]["index"], self.inputs[index : index + 1])

    def logits(self):
        return self.interpreter.get_tensor(self.interpreter.get_output_details()[0]["index"]).reshape(-1)

    def idle(self):
        from tflite_twin import identity

        logits = self.logits()[None]
        return LiteRt(identity(logits.shape[1], logits.dtype), logits)

    def is_delegated(self):
        return any(operator["op_name"] == "DELEGATE" for operator in self.interpreter._get_ops_details())


ENGINES = {"onnxruntime": OnnxRuntime, "litert": LiteRt}


def session(model, options=(), profile=None):
    """A session of onnxruntime: one thread, every optimisation."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    for option in options:
        settings.add_session_config_entry(*option.split("="))
    if profile is not None:
        settings.enable_profiling = True
        settings.profile_file_prefix = profile
    return onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])


def nanoseconds(engine, runs):
    for _ in range(WARM_UP):
        engine.run()
    times = []
    for _ in range(runs):
        start = time.perf_counter_ns()
        engine.run()
        times.append(time.perf_counter_ns() - start)
    return times


def allocations(engine):
    """Requests for memory of a run; None where nobody counts."""
    if "count_allocations" not in os.environ.get("LD_PRELOAD", ""):
        return None
    count = ctypes.CDLL(None).count_allocations
    count.restype = ctypes.c_ulong
    counts = []
    for _ in range(WARM_UP):
        before = count()
        engine.run()
        counts.append(count() - before)
    return statistics.median_low(counts)


def integer_kernels(model, inputs, options):
    """How often onnxruntime runs which kernel; ends the program where one computes in floating point."""
    with tempfile.TemporaryDirectory() as folder:
        profiled = session(model, options, str(pathlib.Path(folder) / "profile"))
        profiled.run(None, {profiled.get_inputs()[0].name: inputs[:1]})
        events = json.loads(pathlib.Path(profiled.end_profiling()).read_text())
    counts = collections.Counter()
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            kernel, forms = event["args"]["op_name"], event["args"].get("output_type_shape", [])
            if kernel not in INTEGER or any("float" in form for form in forms):
                raise SystemExit(
                    f"onnxruntime computes {event['name'].removesuffix('_kernel_time')} in floating point, by {kernel}"
                )
            counts[kernel] += 1
    return counts


def main():
    parser = argparse.ArgumentParser(description="Runs a network in an engine; networks.py starts it.")
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("--model", required=True)
    parser.add_argument("--inputs", required=True)
    parser.add_argument("--option", action="append", default=[])
    parser.add_argument("--integer-only", action="store_true")
    parser.add_argument("--runs", type=int, required=True)
    arguments = parser.parse_args()
    inputs = np.load(arguments.inputs)
    engine = ENGINES[arguments.engine](arguments.model, inputs, arguments.option)
    if arguments.engine == "litert" and not engine.is_delegated():
        raise SystemExit("LiteRT did not hand the network to XNNPACK")
    outputs = []
    for index in range(len(inputs)):
        engine.take(index)
        engine.run()
        outputs.append(engine.logits().tolist())
    engine.take(0)
    idle = engine.idle()
    counts = allocations(engine), allocations(idle)
    found = {
        "outputs": outputs,
        "nanoseconds": nanoseconds(engine, arguments.runs),
        "overhead_nanoseconds": nanoseconds(idle, arguments.runs),
        "allocations": None if None in counts else counts[0] - counts[1],
    }
    if arguments.integer_only:
        found["kernels"] = integer_kernels(arguments.model, inputs, arguments.option)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
