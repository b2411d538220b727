"""One folder, one key, for ever; and no second key by accident."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import keyring
import keyring.backend
import keyring.errors
import pytest

from db import keys
from db.errors import StoreError, Unavailable

SESSION = {"DBUS_SESSION_BUS_ADDRESS": "x", "DISPLAY": ":0"}


class Ring(keyring.backend.KeyringBackend):
    """A keyring in memory that can be locked away."""

    priority = 5  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise keyring.errors.KeyringLocked
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.locked:
            raise keyring.errors.KeyringLocked
        self.kept[service, username] = password


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Ring:
    ring = Ring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: ring)
    monkeypatch.setattr(keyring, "get_password", ring.get_password)
    monkeypatch.setattr(keyring, "set_password", ring.set_password)
    return ring


def test_without_a_session_the_key_is_a_private_file(tmp_path: Path) -> None:
    key = keys.data_key(tmp_path, environment={})
    assert len(key) == 32
    assert keys.data_key(tmp_path, environment={}) == key
    if os.name == "posix":
        assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_a_key_that_others_could_read_is_made_private(tmp_path: Path) -> None:
    keys.data_key(tmp_path, environment={})
    (tmp_path / "key").chmod(0o644)
    keys.data_key(tmp_path, environment={})
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_the_environment_may_name_the_file(tmp_path: Path) -> None:
    named = tmp_path / "elsewhere" / "k"
    key = keys.data_key(tmp_path / "data", environment={"GWANJE_KEY_FILE": str(named)})
    assert named.read_text().strip() == key.hex()
    assert not (tmp_path / "data" / "key").exists()


def test_with_a_keyring_no_key_lies_in_the_folder(tmp_path: Path, ring: Ring) -> None:
    key = keys.data_key(tmp_path, environment=SESSION)
    assert list(ring.kept.values()) == [key.hex()]
    assert keys.data_key(tmp_path, environment={}) == key
    assert all(key.hex() not in path.read_text() for path in tmp_path.iterdir())


def test_a_keyring_that_is_away_leads_to_no_second_key(tmp_path: Path, ring: Ring) -> None:
    key = keys.data_key(tmp_path, environment=SESSION)
    ring.locked = True
    with pytest.raises(Unavailable, match="keyring"):
        keys.data_key(tmp_path, environment=SESSION)
    ring.locked = False
    assert keys.data_key(tmp_path, environment=SESSION) == key


def test_a_locked_keyring_at_the_first_start_gives_way_to_the_file(tmp_path: Path, ring: Ring) -> None:
    ring.locked = True
    keys.data_key(tmp_path, environment=SESSION)
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_stores_without_their_key_are_an_error_and_not_a_new_key(tmp_path: Path) -> None:
    (tmp_path / "ops.db").write_bytes(b"x")
    with pytest.raises(StoreError, match="key is gone"):
        keys.data_key(tmp_path, environment={})
    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize("text", ["", "abc", "00" * 31, "zz" * 32, "\u00e9"])
def test_a_spoiled_key_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text, encoding="utf-8")
    with pytest.raises(StoreError, match="key"):
        keys.data_key(tmp_path, environment={})


def test_of_many_who_begin_at_once_all_have_one_key(tmp_path: Path) -> None:
    found: list[bytes] = []
    ready = threading.Barrier(8)

    def begin() -> None:
        ready.wait()
        found.append(keys.data_key(tmp_path, environment={}))

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 8
