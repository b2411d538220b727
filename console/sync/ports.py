"""The port to a central platform, and which one a URL means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from console.errors import ConsoleError, Refused, SettingsError
from db.records import Entry, Head
from db.sync import Row

BATCH = 500
CHUNK = 256 * 1024


class Fork(Refused):
    """The centre has another entry under a key of ours; nothing was overwritten."""


class Gap(Refused):
    """The centre lacks entries before those it was sent; ask for its head again."""


class Moved(ConsoleError):
    """The centre's rows are not those our mark speaks of: it was restored, or is another one."""


class Greeting(NamedTuple):
    """Who the centre is and how its clock stands; `last` is its newest row's position."""

    name: str
    version: int
    clock_ms: int
    last: int


class Put(NamedTuple):
    """The centre's end of the log after a batch, and what of the batch it set aside, with why."""

    head: Head
    refused: list[tuple[int, str]]


class BlobState(NamedTuple):
    """How much of an attachment the centre has."""

    size: int
    have: int
    complete: bool


class Central(Protocol):
    """A central platform. Every method raises Unavailable when no answer came: then the act

    may or may not have happened, and doing it again is harmless. One thread uses it.
    """

    def hello(self) -> Greeting:
        """Proof of life, end to end."""

    def head(self, device: str, epoch: int) -> Head:
        """The centre's end of a log; count 0 and 64 zeros if it has none of it."""

    def last_epoch(self, device: str) -> int:
        """The highest epoch of the device that the centre knows, 0 for none."""

    def hash_at(self, device: str, epoch: int, seq: int) -> str | None:
        """The hash under a key, None if the centre has nothing there."""

    def put_entries(self, entries: Sequence[Entry]) -> Put:
        """Store entries of one log in their order, keeping those it already has.

        An entry that it will not keep is set aside by its hash alone, so that
        the chain goes on. Raises Fork, Gap, or Refused for a chain that does
        not verify; then it has stored nothing of the batch.
        """

    def proof(self, device: str, epoch: int) -> Head:
        """Number of entries and hash of the last, counted anew from what is stored."""

    def entries_after(self, position: int, digest: str, device: str, epoch: int, limit: int) -> list[Row]:
        """Rows after `position` in the order of their commit, those of (device, epoch) without text.

        Raises Moved if the row at `position` has not the hash `digest`.
        """

    def blob_state(self, sha256: str) -> BlobState | None:
        """How much of an attachment is there, None for nothing."""

    def put_blob(self, sha256: str, size: int, at: int, chunk: bytes) -> int:
        """Append a chunk; returns the bytes that are there, -1 if the whole was not what it says."""

    def get_blob(self, sha256: str, at: int) -> bytes:
        """A piece of a complete attachment from byte `at` on, empty if there is none."""

    def close(self) -> None:
        """End the connection; the next call opens it again."""


def open_central(
    url: str, password: str = "", *, password_file: str = "", base: Path | None = None
) -> Central:
    """The platform that `url` names, not yet spoken with: `postgresql://…` or `file:FOLDER`.

    `password_file` and a relative FOLDER are taken from `base`. Raises SettingsError.
    """
    secret = password or read_password(password_file, base)
    if is_postgres(url):
        try:
            from console.sync.postgres import PostgresCentral
        except ImportError as error:
            raise SettingsError(
                "central.url: names a PostgreSQL, but its driver is not installed; install gwanje[postgres]"
            ) from error
        return PostgresCentral(url, secret)
    from console.sync.file_central import FileCentral

    return FileCentral(file_folder(url, base))


def is_postgres(url: str) -> bool:
    """Whether `url` names a PostgreSQL; raises SettingsError if it names nothing we know."""
    scheme = url.partition(":")[0]
    if scheme in ("postgresql", "postgres"):
        return True
    if scheme == "file":
        return False
    raise SettingsError(
        f"central.url: found {scheme[:20]!r}…; allowed: postgresql://HOST/DATABASE or file:FOLDER"
    )


def file_folder(url: str, base: Path | None = None) -> Path:
    """The folder of a `file:` URL."""
    name = url.removeprefix("file:")
    name = name.removeprefix("//") if name.startswith("///") else name
    if not name:
        raise SettingsError("central.url: found file: without a folder; allowed: file:FOLDER")
    return (base or Path()) / name


def read_password(password_file: str, base: Path | None = None) -> str:
    """The first line of the file, "" if none is named."""
    if not password_file:
        return ""
    path = (base or Path()) / password_file
    try:
        return path.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"central.password_file: {path} cannot be read as text") from error


def public_url(url: str) -> str:
    """The URL as it may be shown: without user, password and options."""
    if not is_postgres(url):
        return url
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise SettingsError(
            "central.url: found no readable address; allowed: postgresql://HOST/DATABASE"
        ) from error
    return f"postgresql://{parts.hostname or ''}{port}{parts.path}"
