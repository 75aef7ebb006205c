"""Makes the golden vectors of the picture features with OpenCV.

    python tests/golden/vision.py [--check]

needs opencv-python and numpy. Writes, beside itself, `vision.json`, which tells how and with what they were made and lists the cases;
`vision.bin`, the grey levels that OpenCV found, one case after the other; and `vision_<name>.jpg`, the JPEG frames. `--check` writes nothing
and fails if what is there differs from what would be made.

The pictures that go in are computed, here and in the test, by `noise`; of large ones only every `stride_out`-th pixel is kept.
"""

import json
import pathlib
import platform
import sys

import cv2
import numpy as np

SIDE = 32
KEPT = 2048
FULL_HD = (1920, 1080)

# Width, height, bytes of padding behind each row.
SIZES = [(6, 4, 0), (7, 5, 0), (33, 17, 5), (640, 480, 0), (1280, 720, 64), (*FULL_HD, 0)]

# x, y and side of squares of a picture of 300×220; quarters of a pixel are allowed.
SQUARES = [
    (0, 0, 32), (40, 30, 64), (100, 50, 96), (17, 3, 128), (10, 20, 160), (0, 0, 220),
    (12, 34, 48), (50, 60, 33), (51, 61, 47), (3, 5, 100), (70, 10, 201), (33, 44, 63),
    (5, 5, 31), (200, 100, 24), (120, 130, 20), (150, 150, 16), (90, 90, 10), (77, 66, 3), (10, 10, 1),
    (-10, -20, 64), (-50, 30, 100), (260, 180, 80), (-40, -40, 300), (150, -30, 47), (280, 210, 20), (-5, 100, 13),
    (-200, -200, 96), (400, 300, 50), (10.25, 20.5, 64), (33.75, 11.25, 40.5), (0.5, 0.5, 21.25), (-3.25, -8.75, 130.75),
]
FIELD = (300, 220)


def noise(count, seed):
    """Bytes without a pattern, from their index alone."""
    mask = np.uint64(0xFFFFFFFF)
    value = (np.arange(count, dtype=np.uint64) + np.uint64(seed * 1_000_003)) * np.uint64(2_654_435_761) & mask
    value = (value ^ (value >> np.uint64(15))) * np.uint64(2_246_822_519) & mask
    value = (value ^ (value >> np.uint64(13))) * np.uint64(3_266_489_917) & mask
    return (value >> np.uint64(24)).astype(np.uint8)


def luma_cases():
    for seed, (width, height, padding) in enumerate(SIZES):
        for name, pixel_bytes in (("GREY", 1), ("YUYV", 2), ("UYVY", 2), ("NV12", 1), ("RGB24", 3)):
            if name == "NV12" and (width % 2 or height % 2):
                continue  # OpenCV knows no such frames.
            stride = width * pixel_bytes + padding
            rows = height * 3 // 2 if name == "NV12" else height
            frame = noise(rows * stride, seed).reshape(rows, stride)[:, : width * pixel_bytes]
            frame = np.ascontiguousarray(frame).reshape((rows, width, pixel_bytes))
            if name == "GREY":
                luma = frame[:, :, 0]
            else:
                code = "COLOR_RGB2GRAY" if name == "RGB24" else f"COLOR_YUV2GRAY_{name}"
                luma = cv2.cvtColor(frame, getattr(cv2, code))
            assert luma.shape[:2] == (height, width)
            yield {"format": name, "width": width, "height": height, "stride": stride, "seed": seed}, luma


def crop_cases():
    field = noise(FIELD[0] * FIELD[1], 99).reshape(FIELD[1], FIELD[0])
    for x, y, side in SQUARES:
        # Where the square lies between pixels, each pixel is made 4×4 of its kind.
        fine = 1 if all(float(value).is_integer() for value in (x, y, side)) else 4
        picture = np.kron(field, np.ones((fine, fine), np.uint8))
        x0, y0, length = (int(value * fine) for value in (x, y, side))
        before = (max(0, -y0), max(0, -x0))
        after = (max(0, y0 + length - picture.shape[0]), max(0, x0 + length - picture.shape[1]))
        picture = cv2.copyMakeBorder(picture, before[0], after[0], before[1], after[1], cv2.BORDER_REPLICATE)
        square = picture[y0 + before[0] :, x0 + before[1] :][:length, :length]
        assert square.shape == (length, length)
        yield {"x": x, "y": y, "side": side}, cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def without_huffman_tables(jpeg):
    """As many USB cameras send it."""
    kept, offset = jpeg[:2], 2
    while jpeg[offset + 1] != 0xDA:
        length = 2 + int.from_bytes(jpeg[offset + 2 : offset + 4], "big")
        if jpeg[offset + 1] != 0xC4:
            kept += jpeg[offset : offset + length]
        offset += length
    return kept + jpeg[offset:]


def scene(width, height):
    """Something with soft and hard edges, in colour."""
    x, y = np.meshgrid(np.arange(width) / width, np.arange(height) / height)
    channels = [120 + 100 * np.sin(9 * x + 4 * y), 255 * y, 128 + 90 * np.cos(14 * x * y)]
    picture = np.clip(np.stack(channels, axis=2), 0, 255).astype(np.uint8)
    cv2.circle(picture, (width // 2, height // 2), height // 3, (40, 200, 230), -1)
    cv2.line(picture, (0, height - 1), (width - 1, 0), (255, 255, 255), max(1, height // 60))
    return picture


def jpeg_cases():
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR
    for name, (width, height), colour, options in [
        ("420", (70, 45), True, [sampling, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]),
        ("422", (161, 120), True, [sampling, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422]),
        ("444", (64, 48), True, [sampling, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]),
        ("grey", (37, 53), False, []),
        ("restarts", (160, 120), True, [cv2.IMWRITE_JPEG_RST_INTERVAL, 4]),
        ("uvc", (320, 240), True, [sampling, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422]),
        ("fullhd", FULL_HD, True, [sampling, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422, cv2.IMWRITE_JPEG_QUALITY, 60]),
    ]:
        picture = scene(width, height) if colour else cv2.cvtColor(scene(width, height), cv2.COLOR_BGR2GRAY)
        encoded = cv2.imencode(".jpg", picture, options)[1]
        luma = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)
        jpeg = encoded.tobytes()
        yield {"name": name, "width": width, "height": height}, luma, without_huffman_tables(jpeg) if name == "uvc" else jpeg


def main():
    expected = bytearray()
    files = {}

    def keep(case, luma):
        flat = np.ascontiguousarray(luma).reshape(-1)
        # An odd step, so that every column has its turn.
        step = max(1, len(flat) // KEPT) | 1
        kept = flat[::step]
        case |= {"stride_out": step, "offset": len(expected), "count": len(kept)}
        expected.extend(kept.tobytes())
        return case

    cases = {
        "luma": [keep(*case) for case in luma_cases()],
        "crops": [keep(*case) for case in crop_cases()],
        "jpegs": [],
    }
    for case, luma, jpeg in jpeg_cases():
        files[f"vision_{case['name']}.jpg"] = jpeg
        cases["jpegs"].append(keep(case, luma))
    told = {
        "command": "python tests/golden/vision.py",
        "opencv": cv2.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    rows = ",\n".join(
        f'  "{kind}": [\n' + ",\n".join(f"    {json.dumps(case)}" for case in listed) + "\n  ]" for kind, listed in cases.items()
    )
    head = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in told.items())
    files["vision.json"] = f"{{\n{head},\n{rows}\n}}\n".encode()
    files["vision.bin"] = bytes(expected)
    folder = pathlib.Path(__file__).parent
    for name, content in files.items():
        path = folder / name
        if "--check" not in sys.argv[1:]:
            path.write_bytes(content)
        elif path.read_bytes() != content:
            sys.exit(f"{path} differs from what OpenCV {cv2.__version__} makes")


if __name__ == "__main__":
    main()
