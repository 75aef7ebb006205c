"""What `networks.py` tells, as Markdown."""

import pathlib
import platform
import re
import subprocess
from importlib.metadata import version


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def tract():
    """The version of tract that the workspace has."""
    lock = (pathlib.Path(__file__).resolve().parents[2] / "Cargo.lock").read_text()
    found = re.search(r'name = "tract-onnx"\nversion = "([^"]+)"', lock)
    return f", tract {found[1]}" if found else ""


def head(rounds, runs):
    """How it was measured."""
    rust = subprocess.run(["rustc", "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    engines = f"onnxruntime {version('onnxruntime')}, LiteRT {version('ai-edge-litert')}{tract()}"
    return f"""# The engine beside others

```
pip install -r tests/peers/requirements.txt && python tests/peers/networks.py --out tests/reports/engine.md
```

One thread of {processor()}; {engines}, {rust}. The engines took turns on one processor, {rounds} rounds
of {runs} runs, batch one, warm. Each runs the int8 twin of the model file, from 8-bit numbers to 8-bit numbers, but where it says f32.
Times of engines that are called from Python are without the time of a call that computes nothing. Memory is how often the warm engine
asks for some in a run. "Off" is the largest distance of a logit from Moodbox's, in steps of the int8 output, and the number of inputs
that got another answer; tract computes the first input only.
"""


def network(files, everybody):
    """The table of one network."""
    ours = everybody[0]
    same = [peer for peer in everybody[1:] if peer.computes_as(ours)]
    fastest = min(same, key=lambda peer: peer.milliseconds())
    title = f"{files.name.capitalize()}: {files.macs / 1e6:.2f} MMAC, {len(ours.outputs)} inputs, Moodbox's `{ours.instructions}` kernels"
    lines = [
        f"\n## {title}\n",
        "| engine | how | median ms | least ms | Moodbox takes | MMAC/s | of the peak | memory | off |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [row(peer, ours, files.macs) for peer in everybody]
    if ours.peak_macs_per_second:
        peak = ours.peak_macs_per_second / 1e6
        lines += ["", f"The peak: with these instructions the processor adds up {peak:,.0f} million exact products a second, on registers alone."]
        lines.append("Who is above it makes fewer products than the network has (Moodbox with AVX2, by Winograd's way) or lets sums saturate.")
    ratio = ours.milliseconds() / fastest.milliseconds()
    lines += ["", f"Moodbox takes {ratio:.2f} of the time of the fastest engine that computes the same network: {named(fastest)}."]
    others = [named(peer) for peer in everybody if peer.is_int8 and not peer.computes_as(ours)]
    if others:
        lines.append(f"Another network, by what comes out, is computed by {', '.join(others)}.")
    kernels = next((peer.kernels for peer in same if peer.kernels), None)
    if kernels:
        lines.append(f"onnxruntime's kernels, by its profile: {', '.join(f'{count} {name}' for name, count in kernels.items())}.")
    return "\n".join(lines) + "\n"


def named(peer):
    return f"{peer.engine} ({peer.what})" if peer.what else peer.engine


def row(peer, ours, macs):
    milliseconds = peer.milliseconds()
    rate = macs / milliseconds * 1e3
    off = f"{peer.steps_off(ours)}; {peer.other_answers(ours)}" if peer.is_int8 else "–"
    cells = [
        peer.engine,
        peer.what,
        f"{milliseconds:.3f}",
        f"{peer.least_ms():.3f}",
        "" if peer is ours else f"{ours.milliseconds() / milliseconds:.2f}",
        f"{rate / 1e6:,.0f}",
        f"{rate / ours.peak_macs_per_second:.0%}" if ours.peak_macs_per_second and peer.is_int8 else "–",
        "not counted" if peer.allocations is None else str(peer.allocations),
        "" if peer is ours else off,
    ]
    return f"| {' | '.join(cells)} |"
