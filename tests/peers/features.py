"""Takes the time of the speech features beside librosa's, and writes tests/reports/features-speed.md.

    pip install -r tests/peers/requirements.txt && python tests/peers/features.py [--rounds 5] [--runs 50] [--no-aarch64]

Builds the example `speech_features` of moodbox-shared, then lets it and librosa take turns on one and the same processor, one thread
each, warm; what is told are medians over all rounds. librosa gets what its users give it, f32. It computes in three ways:

* leanest: one STFT for mel and MFCC, one for chroma, window and filters made beforehand, no square roots, plain matrix products
* its functions: `melspectrogram`, `mfcc` and `chroma_stft`, which are handed those two STFTs
* from samples: the same functions, which are handed samples

That all compute the same is checked before anything is timed.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import time

for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{library}_NUM_THREADS"] = "1"

import librosa
import numpy as np
import scipy

ROOT = pathlib.Path(__file__).resolve().parents[2]
REPORT = ROOT / "tests/reports/features-speed.md"
SAMPLE_RATE = 16_000
HOP = 256
MEL_FFT = 1024
CHROMA_FFT = 2048
WINDOW_ROWS = 192
WINDOW_SAMPLES = CHROMA_FFT + (WINDOW_ROWS - 1) * HOP
WARM_UP = 10

HANN = {size: librosa.filters.get_window("hann", size).astype(np.float32) for size in (MEL_FFT, CHROMA_FFT)}
MEL_FILTERS = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=MEL_FFT, n_mels=128)
CHROMA_FILTERS = librosa.filters.chroma(sr=SAMPLE_RATE, n_fft=CHROMA_FFT, tuning=0.0)


def noise(count):
    """The noise of the example, as f32."""
    state, samples = 1, []
    for _ in range(count):
        state = (state * 1_664_525 + 1_013_904_223) % 2**32
        samples.append((state >> 18) - 8192)
    return np.array(samples, dtype=np.float32) / np.float32(32768)


def stft(signal, size):
    return librosa.stft(signal, n_fft=size, hop_length=HOP, center=False, window=HANN[size])


def leanest(signal):
    def power(spectrum):
        return spectrum.real**2 + spectrum.imag**2

    mel = MEL_FILTERS @ power(stft(signal[: WINDOW_SAMPLES - CHROMA_FFT + MEL_FFT], MEL_FFT))
    decibels = librosa.power_to_db(mel, amin=1e-10, top_db=None)
    mfcc = scipy.fft.dct(decibels, axis=0, type=2, norm="ortho")[:40]
    chroma = librosa.util.normalize(CHROMA_FILTERS @ power(stft(signal, CHROMA_FFT)), norm=np.inf, axis=0)
    return mfcc, chroma, decibels


def functions(signal):
    spectrum = np.abs(stft(signal[: WINDOW_SAMPLES - CHROMA_FFT + MEL_FFT], MEL_FFT)) ** 2
    mel = librosa.feature.melspectrogram(S=spectrum, sr=SAMPLE_RATE, n_fft=MEL_FFT)
    decibels = librosa.power_to_db(mel, amin=1e-10, top_db=None)
    mfcc = librosa.feature.mfcc(S=decibels, n_mfcc=40)
    spectrum = np.abs(stft(signal, CHROMA_FFT)) ** 2
    chroma = librosa.feature.chroma_stft(S=spectrum, sr=SAMPLE_RATE, n_fft=CHROMA_FFT, tuning=0.0)
    return mfcc, chroma, decibels


def from_samples(signal):
    common = dict(sr=SAMPLE_RATE, hop_length=HOP, center=False)
    mel_signal = signal[: WINDOW_SAMPLES - CHROMA_FFT + MEL_FFT]
    mel = librosa.feature.melspectrogram(y=mel_signal, n_fft=MEL_FFT, **common)
    decibels = librosa.power_to_db(mel, amin=1e-10, top_db=None)
    mfcc = librosa.feature.mfcc(S=decibels, n_mfcc=40)
    chroma = librosa.feature.chroma_stft(y=signal, n_fft=CHROMA_FFT, tuning=0.0, **common)
    return mfcc, chroma, decibels


PEERS = {
    "librosa, leanest": leanest,
    "librosa, its functions on two STFTs": functions,
    "librosa, its functions on samples": from_samples,
}


def times_us(function, signal, runs):
    for _ in range(WARM_UP):
        function(signal)
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        function(signal)
        times.append((time.perf_counter() - start) * 1e6)
    return times


def build():
    """Builds the example and returns its path."""
    command = ["cargo", "build", "--release", "-p", "moodbox-shared", "--example", "speech_features", "--message-format=json"]
    lines = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return next(path for path in (json.loads(line).get("executable") for line in lines) if path)


def ours_us(program, runs):
    return json.loads(subprocess.run([program, "times", str(runs)], check=True, stdout=subprocess.PIPE, text=True).stdout)


def check(program, signal):
    """What is timed is the same, to what f32 gives."""
    row = np.array(ours_us(program, 1)["row"])
    for name, function in PEERS.items():
        theirs = np.concatenate([part[:, -1] for part in function(signal)])
        worst = np.max(np.abs(row - theirs))
        assert worst < 1e-3, f"{name} computes something else: off by {worst}"


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def main():
    parser = argparse.ArgumentParser(description="Takes the time of the speech features beside librosa's.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--no-aarch64", action="store_true", help="leave out the count of instructions, which needs Debian 12")
    arguments = parser.parse_args()

    program = build()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    signal = noise(WINDOW_SAMPLES)
    check(program, signal)

    ours = {"window_us": [], "half_second_us": [], "hop_us": []}
    theirs = {name: [] for name in PEERS}
    for _ in range(arguments.rounds):
        measured = ours_us(program, arguments.runs)
        for name, times in ours.items():
            times += measured[name]
        for name, times in theirs.items():
            times += times_us(PEERS[name], signal, arguments.runs)
    window, half_second = (statistics.median(ours[name]) for name in ("window_us", "half_second_us"))

    lines = [
        "# The time that speech features take, beside librosa",
        "",
        "```",
        "pip install -r tests/peers/requirements.txt && python tests/peers/features.py",
        "```",
        "",
        f"{processor()}, one thread each, on the same processor in turns: {arguments.rounds} rounds of {arguments.runs} runs, medians. "
        f"librosa {librosa.__version__}, numpy {np.__version__}, scipy {scipy.__version__}, Python {platform.python_version()}; "
        f"{subprocess.run(['rustc', '--version'], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()}. A window is "
        f"{WINDOW_ROWS} rows, half a second 31.",
        "",
        "| what | median µs | least µs | our window is faster | our half second is faster |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, times in zip(("a window from scratch", "the half second that is new", "one hop"), ours.values()):
        lines.append(f"| ours, {name} | {statistics.median(times):.1f} | {min(times):.1f} | | |")
    for name, times in theirs.items():
        median = statistics.median(times)
        ratios = f"{median / window:.1f} × | {median / half_second:.1f} ×"
        lines.append(f"| {name}, a window | {median:.1f} | {min(times):.1f} | {ratios} |")
    if not arguments.no_aarch64:
        script = ROOT / "tests/peers/instructions.sh"
        count = int(subprocess.run([script], check=True, stdout=subprocess.PIPE, text=True).stdout)
        lines += ["", f"One hop takes {count:,} instructions on aarch64, as `tests/peers/instructions.sh` counts them."]
    text = "\n".join(lines) + "\n"
    print(text, end="")
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(text)


if __name__ == "__main__":
    main()
