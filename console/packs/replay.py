"""Replay files: messages of a pack's usual form, with when they come.

One JSON object per line: `after_ms` from the beginning, `topic`, and `payload` (a text) or
`payload_b64`. A payload has no times of its own but marks that are filled in when it is sent:
`{{iso}}`, `{{iso_s}}` (no fraction), `{{iso_comma}}`, `{{iso_z}}`, `{{epoch_s}}`, `{{epoch_f}}`,
`{{epoch_ms}}`, `{{epoch_us}}`, or a strftime pattern of Asia/Seoul, `{{%Y%m%d%H%M}}`; each may be
moved by seconds, `{{iso|+3600}}`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from console.clock import SEOUL
from console.errors import SettingsError

LARGEST = 100_000
_MARK = re.compile(r"\{\{(?P<form>[^{}|]{1,60})(?:\|(?P<by>[+-]?\d{1,9}))?\}\}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One message of a replay."""

    after_ms: Annotated[int, Meta(ge=0, le=7 * 86_400_000)]
    topic: Annotated[str, Meta(min_length=1, max_length=1000)]
    payload: str | None = None
    payload_b64: str | None = None

    def bytes_at(self, at_ms: int) -> bytes:
        """What is sent at this moment."""
        if self.payload_b64 is not None:
            return base64.b64decode(self.payload_b64)
        return filled(self.payload or "", at_ms).encode()


def filled(text: str, at_ms: int) -> str:
    """The text with its marks as times around `at_ms`."""
    return _MARK.sub(lambda match: _time(match["form"], at_ms + 1000 * int(match["by"] or 0)), text)


def _time(form: str, at_ms: int) -> str:
    at = _EPOCH + timedelta(milliseconds=at_ms)
    fixed: dict[str, Callable[[], str]] = {
        "epoch_s": lambda: str(at_ms // 1000),
        "epoch_f": lambda: f"{at_ms / 1000:.6f}",
        "epoch_ms": lambda: str(at_ms),
        "epoch_us": lambda: str(at_ms * 1000),
        "iso": lambda: at.astimezone(SEOUL).isoformat(timespec="milliseconds"),
        "iso_s": lambda: at.astimezone(SEOUL).isoformat(timespec="seconds"),
        "iso_comma": lambda: at.astimezone(SEOUL).isoformat(timespec="milliseconds").replace(".", ","),
        "iso_z": lambda: at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    write = fixed.get(form)
    return write() if write else at.astimezone(SEOUL).strftime(form)


def lines(path: Path) -> Iterator[Line]:
    """The messages of a file, in its order; raises SettingsError that names file and line."""
    last = 0
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    for number, each in enumerate(text.splitlines(), 1):
        if each.strip():
            line = _line(each, f"{path}: line {number}")
            if line.after_ms < last:
                raise SettingsError(
                    f"{path}: line {number}: key after_ms: found {line.after_ms}; {last} or more"
                )
            last = line.after_ms
            yield line


def _line(text: str, where: str) -> Line:
    try:
        line = msgspec.json.decode(text, type=Line)
    except msgspec.MsgspecError as error:
        raise SettingsError(f"{where}: {error}") from error
    if (line.payload is None) == (line.payload_b64 is None):
        raise SettingsError(f"{where}: key payload: found both or neither; payload or payload_b64")
    if line.payload_b64 is not None:
        try:
            base64.b64decode(line.payload_b64, validate=True)
        except binascii.Error as error:
            raise SettingsError(f"{where}: key payload_b64: is not base64 ({error})") from error
    return line
