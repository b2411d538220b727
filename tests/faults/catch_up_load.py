"""Publishes numbered readings of many sources with old times, as a process of its own.

Called as `python catch_up_load.py PORT USER PASSWORD COUNT SOURCES SPAN_S`; the newest
reading is of now, the oldest SPAN_S older. Prints how many the broker confirmed.
It writes the packets of MQTT 3.1.1 itself: a client library would take longer
to publish a day than the console takes to read it.
"""

from __future__ import annotations

import socket
import struct
import sys
import time

BATCH = 1000  # unconfirmed at a time


def packet(kind: int, body: bytes) -> bytes:
    length, head = len(body), bytearray([kind])
    while True:
        length, digit = divmod(length, 128)
        head.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(head) + body


def text(value: str) -> bytes:
    return struct.pack(">H", len(value)) + value.encode()


def read(stream: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        piece = stream.recv(size - len(found))
        if not piece:
            raise EOFError("the broker has closed the connection")
        found += piece
    return found


def main(port: str, user: str, password: str, count: str, sources: str, span_s: str) -> None:
    total, names = int(count), int(sources)
    newest_ms = round(time.time() * 1000)
    step_ms = float(span_s) * 1000 / total
    with socket.create_connection(("127.0.0.1", int(port))) as stream:
        wishes = text("MQTT") + b"\x04\xc2" + struct.pack(">H", 0)
        stream.sendall(packet(0x10, wishes + text("catch-up-load") + text(user) + text(password)))
        assert read(stream, 4)[3] == 0, "the broker refuses us"
        for start in range(0, total, BATCH):
            batch = range(start, min(start + BATCH, total))
            stream.sendall(
                b"".join(
                    packet(
                        0x32,
                        text(f"level/s{n % names}")
                        + struct.pack(">H", n % BATCH + 1)
                        + b'{"at":%d,"v":%d}' % (newest_ms - round((total - n) * step_ms), n),
                    )
                    for n in batch
                )
            )
            confirmed = read(stream, 4 * len(batch))
            assert confirmed[::4] == b"\x40" * len(batch)
        stream.sendall(b"\xe0\x00")
    print(total, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
