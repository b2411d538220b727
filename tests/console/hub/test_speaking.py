"""One question at a time to another system, bounded whatever it answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.clock import SystemClock
from console.errors import SettingsError, Unavailable
from console.hub import speaking
from console.hub.speaking import Speaking, secret
from tests.servers.web import Answer, HttpServer


@contextmanager
def forgetful() -> Iterator[str]:
    """A server that says it keeps a connection, and closes it when a second question comes on it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(10)
                    if connection.recv(65536):
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                        connection.recv(65536)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def test_no_message_is_sent_on_a_connection_that_was_used_before() -> None:
    mine = Speaking("it", 5.0, SystemClock())
    with forgetful() as url:
        assert [mine.ask("POST", url, b"x", {}) for _ in range(5)] == [(200, b"ok")] * 5
        mine.close()


def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaking, "MOST_BYTES", 1000)
    mine = Speaking("it", 5.0, SystemClock())
    with HttpServer(lambda _: bytes(2000)) as server, pytest.raises(Unavailable, match="without end"):
        mine.ask("GET", server.url, None, {})
    mine.close()


def test_what_cannot_be_reached_is_named_without_its_address() -> None:
    mine = Speaking("the platform p", 2.0, SystemClock())
    with pytest.raises(Unavailable) as found:
        mine.ask("GET", "http://127.0.0.1:9/?key=s3cret", None, {})
    assert "the platform p cannot be reached" in str(found.value)
    assert "s3cret" not in repr(found.value.__context__ if found.value.__cause__ else found.value)
    mine.close()


def test_a_move_elsewhere_is_not_followed() -> None:
    mine = Speaking("it", 5.0, SystemClock())
    with HttpServer(lambda _: Answer(b"", 302, (("Location", "http://127.0.0.1:9/"),))) as server:
        assert mine.ask("GET", server.url, None, {})[0] == 302
    mine.close()


def test_a_secret_is_one_line_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(" abc \n", encoding="ascii")
    (tmp_path / "two").write_text("a\nb\n", encoding="ascii")
    assert secret(tmp_path / "key", "key_file") == "abc"
    with pytest.raises(SettingsError, match="more than one line"):
        secret(tmp_path / "two", "key_file")
    with pytest.raises(Unavailable, match="key_file gone"):
        secret(tmp_path / "gone", "key_file")
