"""Makes the golden vectors of the speech features with librosa.

    python tests/golden/features.py [--check]

needs librosa 0.11.0, numpy and soundfile, and the data sets in ../shared/data. Writes, beside itself, one `features_<signal>.bin` a signal and `features.json`, which tells how and with
what they were made. `--check` writes nothing and fails if what is there differs from what would be made.

A `.bin` file is little-endian: u32 samples, u32 rows, the samples as i16, then for each row 40 MFCC, 12 chroma (f32) and 128 mel
bands (f32, power, not dB). Row t is column t of librosa with center=False: mel and MFCC from samples 256·t .. 256·t + 1024, chroma from
256·t .. 256·t + 2048. librosa gets the samples / 32768 in f64.

`features_ravdess.bin` is of a real clip, which stays where it is: it holds no samples and only every 16th row.
"""

import json
import pathlib
import platform
import sys

import librosa
import numpy as np
import scipy
import soundfile

SAMPLE_RATE = 16_000
HOP = 256
MEL_FFT = 1024
CHROMA_FFT = 2048
MEL_BANDS = 128
MFCC_COUNT = 40
SEED = 20_260_801
SAMPLES = CHROMA_FFT + 15 * HOP  # 16 rows
CLIP = "ravdess/Actor_02/03-01-05-02-02-01-02.flac"
CLIP_STRIDE = 16


def to_i16(signal):
    return np.clip(np.round(signal * 32768), -32768, 32767).astype(np.int16)


def chord():
    """C major around 262 Hz: harmonics fall onto few pitch classes."""
    time = np.arange(SAMPLES) / SAMPLE_RATE
    return sum(0.2 * np.sin(2 * np.pi * hz * time) for hz in (261.63, 329.63, 392.0))


def sweep():
    """20 Hz to 8 kHz, logarithmically."""
    time = np.arange(SAMPLES) / SAMPLE_RATE
    length = SAMPLES / SAMPLE_RATE
    ratio = 8000.0 / 20.0
    return 0.7 * np.sin(2 * np.pi * 20.0 * length / np.log(ratio) * (ratio ** (time / length) - 1.0))


def impulse():
    signal = np.zeros(SAMPLES)
    signal[3000] = 0.9
    return signal


def noise(random):
    return 0.1 * random.standard_normal(SAMPLES)


def speech_like(random):
    """A gliding pulse train through three moving formants over faint noise."""
    pitch = 120.0 + 60.0 * np.sin(2 * np.pi * 2.0 * np.arange(SAMPLES) / SAMPLE_RATE)
    phase = np.cumsum(pitch) / SAMPLE_RATE
    source = np.diff(np.floor(phase), prepend=0.0) + 0.003 * random.standard_normal(SAMPLES)
    out = source
    for start, end, width in ((700, 350, 90), (1200, 2100, 110), (2600, 3000, 160)):
        centre = np.linspace(start, end, SAMPLES)
        radius = np.exp(-np.pi * width / SAMPLE_RATE)
        filtered = np.zeros(SAMPLES)
        for n in range(SAMPLES):
            filtered[n] = out[n] + 2 * radius * np.cos(2 * np.pi * centre[n] / SAMPLE_RATE) * filtered[n - 1]
            filtered[n] -= radius * radius * filtered[n - 2]
        out = filtered
    return 0.7 * out / np.max(np.abs(out))


def features(samples):
    signal = samples.astype(np.float64) / 32768.0
    common = dict(sr=SAMPLE_RATE, hop_length=HOP, center=False, window="hann")
    mel = librosa.feature.melspectrogram(
        y=signal, n_fft=MEL_FFT, n_mels=MEL_BANDS, power=2.0, fmin=0.0, fmax=SAMPLE_RATE / 2, htk=False, norm="slaney", **common
    )
    decibels = librosa.power_to_db(mel, ref=1.0, amin=1e-10, top_db=None)
    mfcc = librosa.feature.mfcc(S=decibels, n_mfcc=MFCC_COUNT, dct_type=2, norm="ortho", lifter=0)
    spectrum = np.abs(librosa.stft(signal, n_fft=CHROMA_FFT, hop_length=HOP, center=False, window="hann")) ** 2
    chroma = librosa.feature.chroma_stft(S=spectrum, sr=SAMPLE_RATE, n_fft=CHROMA_FFT, tuning=0.0)
    rows = chroma.shape[1]
    return np.concatenate([mfcc[:, :rows], chroma, mel[:, :rows]]).T.astype("<f4")


def main():
    random = np.random.default_rng(SEED)
    white_noise, speech = noise(random), speech_like(random)
    signals = {
        "silence": np.zeros(SAMPLES),
        "impulse": impulse(),
        "sweep": sweep(),
        "chord": chord(),
        "noise": white_noise,
        "speech_like": speech,
        # Driven far beyond what samples hold: one in seven is clipped.
        "clipped_speech": 6.0 * speech,
        "quiet_noise": 0.0003 * random.standard_normal(SAMPLES),
    }
    folder = pathlib.Path(__file__).parent
    check = "--check" in sys.argv[1:]
    files = {
        "features.json": json.dumps(
            {
                "command": "python tests/golden/features.py",
                "librosa": librosa.__version__,
                "numpy": np.__version__,
                "scipy": scipy.__version__,
                "python": platform.python_version(),
                "seed": SEED,
                "signals": list(signals),
                "clip": CLIP,
                "clip_stride": CLIP_STRIDE,
            },
            indent=2,
        ).encode()
        + b"\n"
    }
    for name, signal in signals.items():
        samples = to_i16(signal)
        rows = features(samples)
        head = np.array([len(samples), len(rows)], dtype="<u4").tobytes()
        files[f"features_{name}.bin"] = head + samples.astype("<i2").tobytes() + rows.tobytes()
    samples, rate = soundfile.read(folder / "../../../shared/data" / CLIP, dtype="int16")
    assert rate == SAMPLE_RATE
    rows = features(samples)[::CLIP_STRIDE]
    files["features_ravdess.bin"] = np.array([0, len(rows)], dtype="<u4").tobytes() + rows.tobytes()
    for name, content in files.items():
        path = folder / name
        if not check:
            path.write_bytes(content)
        elif path.read_bytes() != content:
            sys.exit(f"{path} differs from what librosa {librosa.__version__} makes")


if __name__ == "__main__":
    main()
