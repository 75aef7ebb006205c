"""An engine that takes part in `networks.py`: the process that runs a network in it, and what came out."""

import dataclasses
import json
import os
import statistics
import subprocess
import sys

import numpy as np


@dataclasses.dataclass
class Peer:
    """An engine and one way of running a network in it."""

    engine: str
    # What is run and how, in words.
    what: str
    # Prints JSON; gets the number of runs as its last argument.
    command: list
    # Computes the int8 network itself, not its float relative.
    is_int8: bool = True
    # Added to the numbers that come out to get the int8 logits.
    offset: int = 0
    # Scale and zero point of the int8 logits, where an engine returns real numbers, and of one input only.
    real: tuple = None
    outputs: np.ndarray = None
    allocations: int = None
    # What Moodbox says of the processor: products a second, with instructions of this name.
    peak_macs_per_second: float = 0
    instructions: str = None
    # How often onnxruntime ran which kernel.
    kernels: dict = None
    nanoseconds: list = dataclasses.field(default_factory=list)
    overhead_nanoseconds: list = dataclasses.field(default_factory=list)

    def run(self, runs, counter=None):
        """What the process tells. `counter`: a library to load first, which counts requests for memory."""
        command = [str(part) for part in self.command] + ["--runs", str(runs)]
        environment = os.environ | ({"LD_PRELOAD": str(counter)} if counter else {})
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}\n{done.stderr}")
        found = json.loads(done.stdout.splitlines()[-1])
        self.instructions = found.get("isa")
        self.peak_macs_per_second = max(self.peak_macs_per_second, found.get("peak_macs_per_second", 0))
        return found

    def compute(self, counter):
        """Computes all inputs and counts requests for memory; returns what the process tells."""
        found = self.run(1, counter)
        if self.real:
            scale, zero_point = self.real
            self.outputs = np.round(np.array([found["logits"]]) / scale).astype(int) + zero_point
        else:
            self.outputs = np.array(found["outputs"]) + self.offset
        self.allocations, self.kernels = found["allocations"], found.get("kernels")
        return found

    def take_turn(self, runs):
        found = self.run(runs)
        self.nanoseconds += found["nanoseconds"]
        self.overhead_nanoseconds += found.get("overhead_nanoseconds", [0])

    def milliseconds(self):
        """The median of all runs, less what a call costs that computes nothing."""
        return (statistics.median(self.nanoseconds) - statistics.median(self.overhead_nanoseconds)) / 1e6

    def least_ms(self):
        return (min(self.nanoseconds) - min(self.overhead_nanoseconds)) / 1e6

    def steps_off(self, other):
        """Largest distance between two logits."""
        return int(np.abs(self.outputs - other.outputs[: len(self.outputs)]).max())

    def other_answers(self, other):
        """Inputs of which the largest logit is another one."""
        return int((self.outputs.argmax(axis=1) != other.outputs[: len(self.outputs)].argmax(axis=1)).sum())

    def computes_as(self, other):
        """Whether this is the same int8 network: at most a step apart, and the same answers."""
        return self.is_int8 and self.steps_off(other) <= 1 and self.other_answers(other) == 0
