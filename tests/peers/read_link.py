#!/usr/bin/env python3
"""Prints what a Moodbox says, a JSON object a line, and can tell it something. Written from shared/LINK.md alone.

read_link.py PATH [--baud 115200] [--seconds S] [--send "ping 7" | hello | mute | unmute | pause | resume | "brightness 40" | "host-speaks 1500"]

PATH is a serial port, a pseudo-terminal or a recorded file. Needs Python alone; a port is opened with pyserial where there is one.
"""
import argparse, json, os, select, stat, struct, sys, termios, time, tty, zlib

EMOTIONS = "neutral calm happy sad angry fearful disgust surprised".split()
SENSE_STATES = "off starting working lost paused frozen dark silent clipping".split()
# n: u16 to u64, z: i16, b: u8 or bool, f: f32, t: text, v: verdict, p: phase, s: state of a sense, q: face quality; ?: option; 8: so many.
QUALITY = "flaws:b brightness:b contrast:b sharpness:f width_pixels:n"
MESSAGES = [
    ("hello", "protocol:n software:t face_model:?n speech_model:?n capabilities:n"),
    ("decision", "verdict:v confidence:f fused:?8f face:?7f speech:?8f face_box:?4n face_quality:?q"),
    ("event", "phase:p verdict:v began_ms:n duration_ms:n peak_confidence:f"),
    ("heartbeat", "frames:n frames_with_face:n face_runs:n hops:n hops_with_speech:n speech_runs:n decisions:n link_dropped:n link_damaged:n "
                  "device_errors:n audio_overruns:n latency_median_us:n latency_p99_us:n worst_latency_us:n temperature_centi_celsius:?z"),
    ("status", "camera:s microphone:s faults:n is_paused:b is_host_speaking:b are_leds_muted:b brightness_percent:b"),
    ("pong", "token:n"),
]
REQUESTS = {"ping": b"\0", "hello": b"\1", "mute": b"\2\1", "unmute": b"\2\0", "pause": b"\3\1", "resume": b"\3\0", "brightness": b"\4",
            "host-speaks": b"\5"}

def value(kind, body):
    """Reads one value from an iterator over the bytes of a body."""
    if kind[0] == "?": return value(kind[1:], body) if next(body) else None
    if kind[0].isdigit(): return [value(kind[1:], body) for _ in range(int(kind[0]))]
    if kind == "q": return fields(QUALITY, body)
    if kind == "b": return next(body)
    if kind == "f": return struct.unpack("<f", bytes([next(body), next(body), next(body), next(body)]))[0]
    number, shift, byte = 0, 0, 128
    while byte & 128:
        byte = next(body)
        number, shift = number | (byte & 127) << shift, shift + 7
    if kind == "z": return number >> 1 ^ -(number & 1)
    if kind == "t": return bytes([next(body) for _ in range(number)]).decode()
    if kind == "v": return ["nobody", "unsure", None][number] or EMOTIONS[value("n", body)]
    return {"n": range(1 << 64), "p": ["begin", "end"], "s": SENSE_STATES}[kind][number]

def fields(names, body): return {name: value(kind, body) for name, kind in (field.split(":") for field in names.split())}

def packet(coded):
    """The packet between two zeros; None where it is damaged, or of a newer protocol."""
    plain, at = b"", 0
    while at < len(coded):  # COBS: each code says how far it is to the next zero
        plain += coded[at + 1:at + coded[at]] + b"\0" * (coded[at] < 255)
        at += coded[at]
    body, crc = plain[:-5], plain[-5:-1]  # behind the last run, the zero is not meant
    if at != len(coded) or len(crc) < 4 or zlib.crc32(body).to_bytes(4, "little") != crc:
        return None
    try:
        body = iter(body)
        head = fields("sequence:n time_ms:n", body)
        kind, names = MESSAGES[value("n", body)]
        return {"type": kind, **head, **fields(names, body)}
    except (IndexError, StopIteration, RuntimeError, UnicodeDecodeError):
        return None

def request(words):
    """The frame of one request, as "ping 7"."""
    varint = lambda value: bytes([value & 127 | 128]) + varint(value >> 7) if value > 127 else bytes([value])
    name, *content = words.split()
    plain = b"\0" + REQUESTS[name] + b"".join(varint(int(word)) for word in content)
    plain += zlib.crc32(plain).to_bytes(4, "little")
    return b"\0" + b"".join(bytes([len(run) + 1]) + run for run in plain.split(b"\0")) + b"\0"

def open_line(path, baud):
    """A descriptor, and whatever must stay alive with it."""
    if not stat.S_ISCHR(os.stat(path).st_mode): return os.open(path, os.O_RDONLY), None
    try:
        import serial
        port = serial.Serial(path, baud, exclusive=True)
        return port.fileno(), port
    except ImportError:
        line = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(line)
        modes = termios.tcgetattr(line)
        modes[4:6] = [getattr(termios, f"B{baud}")] * 2
        termios.tcsetattr(line, termios.TCSANOW, modes)
        return line, None

def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("path")
    options.add_argument("--baud", type=int, default=115200)
    options.add_argument("--seconds", type=float, default=1e6, help="how long to listen")
    options.add_argument("--send", help="what to tell the box first")
    options = options.parse_args()
    line, _port = open_line(options.path, options.baud)
    if options.send: os.write(line, request(options.send))
    waiting, damaged, until = b"", 0, time.monotonic() + options.seconds
    while select.select([line], [], [], max(0, until - time.monotonic()))[0] and time.monotonic() < until:
        try: arrived = os.read(line, 4096)
        except OSError: break  # hung up
        if not arrived: break
        *frames, waiting = (waiting + arrived).split(b"\0")
        waiting = waiting[-200:]  # what is longer than any frame is garbage
        for said in map(packet, filter(None, frames)):
            if said: print(json.dumps(said), flush=True)
            else: damaged += 1
    if damaged: print(f"{damaged} damaged or unknown frames", file=sys.stderr)

if __name__ == "__main__":
    main()
