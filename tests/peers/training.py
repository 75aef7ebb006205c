"""Times training beside PyTorch: the same networks, batches, optimizer and number of threads, taking turns.

    pip install torch==2.9.0
    cargo build --release -p moodbox-trainer
    python tests/peers/training.py [--trainer PROGRAM] [--device flex] [--rounds 3] [--batches 10] [--out FILE]

The trainer times its own loop (`moodbox-trainer bench`), which prints the network that it trained; PyTorch is given that network. A step is
forward, backward, AdamW and the running mean of the weights, each waited for; neither side's making and reading of batches counts. What is
told are medians over the rounds. The program fails if the two networks are not of one size.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
WARM_UP = 3


def from_trainer(arguments, task, preset, device):
    """What the trainer's bench says of a network."""
    command = [arguments.trainer, "bench", task, "--preset", preset, "--device", device, "--json"]
    command += ["--batches", str(arguments.batches)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def in_torch(timing, batches, device, channels_last):
    """Inputs that PyTorch learns from in a second."""
    import torch
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
    from torch_network import Network

    torch.set_num_threads(timing["threads"])
    torch.manual_seed(1)
    network = Network(timing["architecture"]).to(device)
    height, width, channels = timing["architecture"]["input"]
    classes = timing["architecture"]["nodes"][-1]["output"][2]
    inputs = torch.rand(timing["batch"], channels, height, width, device=device)
    if channels_last:
        network, inputs = network.to(memory_format=torch.channels_last), inputs.to(memory_format=torch.channels_last)
    targets = torch.softmax(torch.rand(timing["batch"], classes, device=device), 1)
    optimizer = torch.optim.AdamW(network.parameters(), timing["learning_rate"], weight_decay=timing["weight_decay"])
    mean = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.999), use_buffers=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(network(inputs), targets)
        loss.backward()
        optimizer.step()
        mean.update_parameters(network)

    def wait():
        if device != "cpu":
            torch.cuda.synchronize()

    def steps(count):
        wait()
        start = time.perf_counter()
        for _ in range(count):
            step()
        wait()
        return time.perf_counter() - start

    steps(WARM_UP)
    numbers = sum(tensor.numel() for tensor in network.state_dict().values() if tensor.is_floating_point())
    return {"inputs_per_second": batches * timing["batch"] / steps(batches), "numbers": numbers}


def torch_in_its_own_process(timing, arguments, channels_last):
    """As the trainer is: nothing of one measurement stays for the next."""
    options = [str(arguments.batches), arguments.torch_device, str(int(channels_last))]
    command = [sys.executable, "-W", "ignore", __file__, "--in-torch", *options]
    told = subprocess.run(command, input=json.dumps(timing), check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(told.stdout)


def compared(arguments, task, preset):
    """A row of the table."""
    ours = {device: [] for device in arguments.device}
    theirs = {False: [], True: []}
    for _ in range(arguments.rounds):
        for device in arguments.device:
            timing = from_trainer(arguments, task, preset, device)
            ours[device].append(timing["inputs_per_second_of_steps"])
        for channels_last in theirs:
            told = torch_in_its_own_process(timing, arguments, channels_last)
            theirs[channels_last].append(told["inputs_per_second"])
            if told["numbers"] != timing["numbers"]:
                sys.exit(f"PyTorch's network has {told['numbers']} numbers, the trainer's {timing['numbers']}")
    best = max(statistics.median(rounds) for rounds in theirs.values())
    cells = [f"{preset} {task}, batches of {timing['batch']}"]
    for rounds in ours.values():
        speed = statistics.median(rounds)
        cells += [f"{speed:.1f}", f"{speed / best:.2f}"]
    return "| " + " | ".join([*cells, f"{best:.1f}"]) + " |\n"


def main():
    if sys.argv[1:2] == ["--in-torch"]:
        batches, device, channels_last = sys.argv[2:]
        print(json.dumps(in_torch(json.load(sys.stdin), int(batches), device, channels_last == "1")))
        return
    parser = argparse.ArgumentParser(description="Times training beside PyTorch.")
    parser.add_argument("--trainer", default=ROOT / "target/release/moodbox-trainer", help="the trainer's program")
    parser.add_argument("--device", action="append", help="device of the trainer; may be repeated [default: flex]")
    parser.add_argument("--torch-device", default="cpu")
    parser.add_argument("--network", action="append", help="task:preset [default: face:compact, speech:compact]")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batches", type=int, default=10)
    parser.add_argument("--out", type=pathlib.Path, help="file that receives the report")
    arguments = parser.parse_args()
    arguments.device = arguments.device or ["flex"]
    threads = os.environ.get("RAYON_NUM_THREADS", str(len(os.sched_getaffinity(0))))
    # LibTorch reads the one, pure-Rust backends the other; PyTorch is told what the trainer says.
    os.environ.update(RAYON_NUM_THREADS=threads, OMP_NUM_THREADS=threads)
    columns = [cell for device in arguments.device for cell in (f"Moodbox on {device}", "ratio")]
    text = f"Inputs learned from in a second, {threads} threads, {platform.machine()}: medians of {arguments.rounds} rounds of\n"
    text += f"{arguments.batches} steps. PyTorch is told in the memory layout in which it is faster; ratios are to it.\n\n"
    text += "| " + " | ".join(["network", *columns, "PyTorch"]) + " |\n" + "| --- " * (2 + len(columns)) + "|\n"
    for network in arguments.network or ["face:compact", "speech:compact"]:
        text += compared(arguments, *network.split(":"))
    print(text, end="")
    if arguments.out:
        arguments.out.write_text("# Training beside PyTorch\n\n" + text)


if __name__ == "__main__":
    main()
