"""The files of the journal: frames that are each sealed, numbered and bound to their file.

A file begins with a mark and 16 random bytes, its name for the cipher. A frame
is its length (4 bytes), a CRC-32 of what follows (4 bytes), a nonce (24 bytes) and the sealed
text; the file's name and the frame's number are sealed with it, so that a
frame moved, doubled or taken from elsewhere opens nowhere. Reading ends at the
first frame that is not whole: what comes before it is exactly what was written.
"""

from __future__ import annotations

import os
import struct
import zlib
from typing import NamedTuple

from nacl import bindings, encoding, exceptions
from nacl import hash as hashes

MARK = b"GWJRNL1\n"
HEADER_BYTES = len(MARK) + 16
LONGEST = 64 * 1024 * 1024

_LENGTH = struct.Struct("<II")
_NONCE = 24


class Frames(NamedTuple):
    """What was read: the texts in order, the bytes that hold them, and why reading ended ("" at the end)."""

    texts: list[bytes]
    good_bytes: int
    ended: str


def sealing_key(data_key: bytes) -> bytes:
    """The key of the journal, from the key of the stores and good for nothing else."""
    return bytes(
        hashes.blake2b(
            b"journal", digest_size=32, key=data_key, person=b"gwanje journal", encoder=encoding.RawEncoder
        )
    )


def header() -> bytes:
    """The beginning of a new file."""
    return MARK + os.urandom(HEADER_BYTES - len(MARK))


def frame(key: bytes, head: bytes, number: int, text: bytes) -> bytes:
    """The frame `number` (0, 1, ...) of the file that begins with `head`."""
    nonce = os.urandom(_NONCE)
    body = nonce + bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(text, _bound(head, number), nonce, key)
    return _LENGTH.pack(len(body), zlib.crc32(body)) + body


def read(key: bytes, content: bytes) -> Frames:
    """The texts of a file as far as it is whole."""
    head, at = content[:HEADER_BYTES], HEADER_BYTES
    if len(head) < HEADER_BYTES:
        return Frames([], 0, "it ends within its first bytes")
    if not head.startswith(MARK):
        return Frames([], 0, "it is no journal file")
    texts: list[bytes] = []
    while at < len(content):
        body, ended = _body(content, at)
        if body is None:
            return Frames(texts, at, ended)
        try:
            text = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
                body[_NONCE:], _bound(head, len(texts)), body[:_NONCE], key
            )
        except exceptions.CryptoError:
            return Frames(texts, at, "a frame was changed, or was written under another key")
        texts.append(text)
        at += _LENGTH.size + len(body)
    return Frames(texts, at, "")


def _body(content: bytes, at: int) -> tuple[bytes | None, str]:
    if len(content) - at < _LENGTH.size:
        return None, "its last frame is not whole"
    length, check = _LENGTH.unpack_from(content, at)
    if not _NONCE < length <= LONGEST:
        return None, "a frame has no possible length"
    body = content[at + _LENGTH.size : at + _LENGTH.size + length]
    if len(body) < length:
        return None, "its last frame is not whole"
    if zlib.crc32(body) != check:
        return None, "a frame was changed"
    return body, ""


def _bound(head: bytes, number: int) -> bytes:
    return head + struct.pack("<Q", number)
