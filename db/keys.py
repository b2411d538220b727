"""Where the key of the stores is kept.

In the keyring of the operating system where there is one that answers; else in
the file `key` of the data folder, readable by its owner only. Which of the two
is decided once, when the folder is made, so that a keyring that is away for a
day never leads to a second key.
"""

from __future__ import annotations

import os
import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from db.errors import StoreError, Unavailable

SERVICE = "gwanje"
PATIENCE_S = 5.0
_FILE, _MARK = "key", "key.in-keyring"


def data_key(folder: Path, *, environment: Mapping[str, str] = os.environ, use_keyring: bool = True) -> bytes:
    """The 32 bytes that open the stores of `folder`; made the first time.

    The variable GWANJE_KEY_FILE names another key file. Raises Unavailable if
    the keyring that holds the key does not answer, StoreError if stores exist
    but their key is gone.
    """
    named = environment.get("GWANJE_KEY_FILE", "")
    if named:
        return _from_file(Path(named), create=not _has_stores(folder))
    if (folder / _FILE).exists():
        return _from_file(folder / _FILE, create=False)
    if (folder / _MARK).exists():
        return _from_keyring(folder)
    if _has_stores(folder):
        raise StoreError(f"{folder}: holds stores, but their key is gone (no file {_FILE!r})")
    folder.mkdir(parents=True, exist_ok=True)
    if use_keyring and _keyring_may_answer(environment):
        kept = _into_keyring(folder)
        if kept is not None:
            return kept
    return _from_file(folder / _FILE, create=True)


def _has_stores(folder: Path) -> bool:
    return any(
        (folder / name).exists() and (folder / name).stat().st_size > 0 for name in ("ops.db", "feed.db")
    )


def _from_file(path: Path, *, create: bool) -> bytes:
    if create and not path.exists():
        _write_private(path, secrets.token_bytes(32).hex())
    try:
        text = path.read_text(encoding="ascii").strip()
        if os.name == "posix" and path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: the key cannot be read ({error})") from error
    return _bytes(text, str(path))


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read; of two who try, one wins and both read the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    handle = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            return
        except OSError:  # a file system without hard links
            fresh.replace(path)
        _sync_folder(path.parent)
    finally:
        fresh.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _bytes(text: str, origin: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError as error:
        raise StoreError(f"{origin}: is not a key (64 hexadecimal digits)") from error
    if len(key) != 32:
        raise StoreError(f"{origin}: is not a key (64 hexadecimal digits)")
    return key


def _keyring_may_answer(environment: Mapping[str, str]) -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    has_session = environment.get("DBUS_SESSION_BUS_ADDRESS")
    has_screen = environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    return bool(has_session and has_screen)


def _into_keyring(folder: Path) -> bytes | None:
    """Make a key in the keyring and read it back; None if the keyring is of no use."""
    mark, key = secrets.token_hex(8), secrets.token_bytes(32)

    def keep() -> str | None:
        import keyring

        if keyring.get_keyring().priority < 1:
            return None
        keyring.set_password(SERVICE, mark, key.hex())
        return keyring.get_password(SERVICE, mark)

    if _asked(keep) != key.hex():
        return None
    _write_private(folder / _MARK, mark)
    return _from_keyring(folder)


def _from_keyring(folder: Path) -> bytes:
    mark = (folder / _MARK).read_text(encoding="ascii").strip()

    def look() -> str | None:
        import keyring

        return keyring.get_password(SERVICE, mark)

    text = _asked(look)
    if text is None:
        raise Unavailable(f"{folder}: its key is in the keyring of its user, which does not give it out")
    return _bytes(text, "keyring")


def _asked(question: Callable[[], str | None]) -> str | None:
    """The keyring's answer, or None if it fails or takes longer than a person would wait."""
    from keyring.errors import KeyringError

    answers: list[str | None] = []

    def ask() -> None:
        try:
            answers.append(question())
        except (KeyringError, RuntimeError, OSError):
            answers.append(None)

    thread = threading.Thread(target=ask, name="keyring", daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    return answers[0] if answers else None
