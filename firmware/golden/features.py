"""Writes features.json: one row of features of a fixed noise, as librosa computes it, for `moodbox check`.

    pip install librosa==0.11.0 && python firmware/golden/features.py
"""

import json
from pathlib import Path

import librosa
import numpy
from scipy.fft import dct


def noise(count):
    """The same noise as `self_test::noise`: a linear congruential generator, its top 14 bits as samples around zero."""
    state, samples = 1, []
    for _ in range(count):
        state = (state * 1_664_525 + 1_013_904_223) % 2**32
        samples.append((state >> 18) - 8192)
    return numpy.array(samples, dtype=numpy.float64) / 32768


signal = noise(2048)
common = dict(sr=16_000, hop_length=256, center=False)
mel = librosa.feature.melspectrogram(y=signal[:1024], n_fft=1024, n_mels=128, **common)
mel_db = librosa.power_to_db(mel, amin=1e-10, top_db=None)
mfcc = dct(mel_db, axis=0, type=2, norm="ortho")[:40]
chroma = librosa.feature.chroma_stft(y=signal, n_fft=2048, tuning=0, **common)
row = numpy.concatenate([mfcc[:, 0], chroma[:, 0], mel_db[:, 0]])

made_with = f"librosa {librosa.__version__}, numpy {numpy.__version__}, firmware/golden/features.py"
values = [float(f"{value:.6g}") for value in row]
target = Path(__file__).with_name("features.json")
target.write_text(json.dumps({"made_with": made_with, "row": values}) + "\n")
