"""Holds the table that `moodbox-trainer features` wrote of a clip against librosa.

    moodbox-trainer features CLIP.flac --out features.csv
    python tests/peers/features_csv.py CLIP.flac features.csv

The clip must have 16 kHz, one channel and 16 bits, so that nothing is resampled. librosa computes with f64, as for the golden vectors
(tests/golden/features.py). Prints the largest distances; exits with 1 where one is beyond what f32 explains: 0.15 for MFCC (1e-3 but for
pure tones), 1e-3 for chroma, 0.5 dB for mel (beside a pure tone there is nothing but rounding).
"""

import csv
import pathlib
import sys

import numpy as np
import soundfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
import features

COLUMNS = [("mfcc", features.MFCC_COUNT, 0.15), ("chroma", 12, 1e-3), ("mel", features.MEL_BANDS, 0.5)]


def main():
    clip, table = sys.argv[1:]
    samples, rate = soundfile.read(clip, dtype="int16")
    if rate != features.SAMPLE_RATE or samples.ndim != 1:
        sys.exit(f"{clip} has {rate} Hz: 16 kHz mono is needed")
    with open(table, newline="") as file:
        head, *rows = csv.reader(file)
    ours = dict(zip(head, np.array(rows, dtype=np.float64).T))

    theirs = features.features(samples).T.astype(np.float64)
    theirs[-features.MEL_BANDS :] = 10 * np.log10(np.maximum(theirs[-features.MEL_BANDS :], 1e-10))
    assert len(rows) == theirs.shape[1], f"{len(rows)} rows, librosa has {theirs.shape[1]}"
    start, wrong = 0, False
    for name, count, tolerance in COLUMNS:
        table = np.stack([ours[f"{name}_{index}"] for index in range(count)])
        distance = np.abs(table - theirs[start : start + count])
        print(f"{name}: off by {distance.max():.2g} at most, {distance.mean():.2g} on average")
        wrong |= bool(distance.max() > tolerance)
        start += count
    sys.exit(wrong)


if __name__ == "__main__":
    main()
