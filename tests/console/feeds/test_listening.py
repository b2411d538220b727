"""The door for posts, spoken to over real sockets: stored before it is answered, bounded against anybody."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from console.clock import SystemClock
from console.feeds import posting
from console.feeds.listening import Listening
from console.settings import Feed
from console.settings_tables import Endpoint, Listen
from tests.console.feeds.support import NUMBERED, Console
from tests.servers.mosquitto import make_certificates

NUMBERS = msgspec.structs.replace(
    NUMBERED, via="listen", topics=(), listen=Endpoint(path="/t/", token_file="token"), silent_s=300
)
PLATFORM = Feed(kind="platform", via="listen", listen=Endpoint(path="/platform"))
CAP = Feed(kind="cap", via="listen", listen=Endpoint(path="/cap"))
FEEDS = {"numbers": NUMBERS, "platform": PLATFORM, "cap": CAP}
TOKEN = {"Authorization": "Bearer s3cret"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Door:
    """A console with its door open."""

    def __init__(self, console: Console, listening: Listening) -> None:
        self.console, self.listening = console, listening
        self.client = httpx2.Client(base_url=f"http://127.0.0.1:{listening.port}", trust_env=False)

    def post(self, path: str, content: Any, **headers: str) -> httpx2.Response:
        return self.client.post(path, content=content, headers=headers)

    def raw(self, sent: bytes, *, half: bool = False) -> bytes:
        """What is answered to these bytes, until the other side closes."""
        with socket.create_connection(("127.0.0.1", self.listening.port), 10) as connection:
            connection.settimeout(10)
            try:
                connection.sendall(sent)
                if half:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it was cut off while it sent, which is one of the answers
            found = b""
            try:
                while piece := connection.recv(65536):
                    found += piece
            except ConnectionResetError:
                pass
            return found


@contextmanager
def opened(folder: Path, **more: Any) -> Iterator[Door]:
    (folder / "token").write_text("s3cret\n", encoding="utf-8")
    with Console(folder, {}, FEEDS) as console:
        listen = Listen(port=free_port(), largest_mib=1, **more)
        listening = Listening(listen, FEEDS, console.ingest, SystemClock(), folder)
        listening.start()
        try:
            assert listening.is_up.wait(10)
            door = Door(console, listening)
            yield door
            door.client.close()
        finally:
            listening.stop()


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with opened(tmp_path) as door:
        yield door


def test_a_post_is_on_disk_when_it_is_answered(door: Door) -> None:
    answer = door.post("/t/A-17", b'{"at": 1800000000000, "n": 5}', **TOKEN)
    assert (answer.status_code, answer.content) == (204, b"")
    assert [each.reading.source for each in door.console.committed] == ["A-17"]
    assert [each.reading.value for each in door.console.committed] == [5.0]


def test_what_cannot_be_read_is_stored_too_and_not_sent_again(door: Door) -> None:
    assert door.post("/t/A-17", b"{", **TOKEN).status_code == 204
    assert [each.reason for each in door.console.quarantined()] == ["not-json"]


@pytest.mark.parametrize("shown", ["", "Bearer wrong", "s3cre", "Bearer s3cret2", "Bearer é"])
def test_without_the_token_nothing_is_stored(door: Door, shown: str) -> None:
    headers = {"Authorization": shown.encode()} if shown else {}
    answer = door.client.post("/t/A-17", content=b"{}", headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert "s3cret" not in answer.text
    assert not door.console.committed


def test_the_platform_and_cap_get_the_answers_of_their_forms(door: Door) -> None:
    answer = door.post("/platform", b"[]")
    assert answer.status_code == 200
    assert answer.json()["type"] == "2000"
    assert door.post("/cap", b"<alert/>", **{"Content-Type": "application/cap+xml"}).status_code == 200
    assert door.post("/cap", b"{}", **{"Content-Type": "application/json"}).status_code == 415


def test_other_addresses_methods_and_forms_are_refused_in_a_sentence(door: Door) -> None:
    for answer, status in (
        (door.post("/elsewhere", b"{}"), 404),
        (door.post("/%ff", b"{}"), 404),
        (door.client.get("/platform"), 405),
        (door.post("/platform", b"{}", **{"Content-Type": "multipart/form-data; boundary=x"}), 415),
        (door.post("/platform", b"{}", **{"Content-Encoding": "gzip"}), 415),
        (door.post("/platform", b" " * (1 << 20) + b"x"), 413),
    ):
        assert answer.status_code == status
        assert len(answer.text) > 10
    assert door.client.get("/platform").headers["Allow"] == "POST"


def test_while_the_disk_refuses_a_post_is_kept_by_its_sender(door: Door) -> None:
    door.console.ingest.hold("the disk is full")
    assert door.post("/t/A-17", b'{"at": 1800000000000, "n": 5}', **TOKEN).status_code == 503
    answer = door.post("/platform", b"{}")
    assert (answer.status_code, answer.json()["type"]) == (503, "5000")
    door.console.ingest.hold("")
    assert door.post("/t/A-17", b'{"at": 1800000000000, "n": 5}', **TOKEN).status_code == 204


def test_chunks_are_put_together(door: Door) -> None:
    pieces = iter([b'{"at": 18000000', b'00000, "n": 7}'])
    assert door.client.post("/t/B", content=pieces, headers=TOKEN).status_code == 204
    assert [each.reading.value for each in door.console.committed] == [7.0]


HEAD = b"POST /platform HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\r\n\r\n", b""),
        (b"\x16\x03\x01\x02\x00\x01\x00", b""),
        (b"POST\r\n\r\n", b"400"),
        (b"BREW /platform HTTP/1.1\r\n\r\n", b"501"),
        (b"POST /platform HTTP/9.9\r\n\r\n", b"505"),
        (HEAD + b"\r\n", b"400"),
        (HEAD + b"Content-Length: -1\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: 99999999999999999999\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: 9999999999\r\n\r\n", b"413"),
        (HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", b"400"),
        (HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", b"400"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", b"400"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", b"413"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: 10\r\n\r\nabc", b"400"),
        (HEAD + b"X: " + b"a" * 70_000 + b"\r\n\r\n", b"431"),
        (HEAD + b"X: a\r\n" * 20_000 + b"\r\n", b"431"),
        (HEAD + b"a" * 100 + b"\r\n\r\n", b"400"),
    ],
)
def test_hostile_requests_are_refused_and_the_next_one_is_served(
    door: Door, sent: bytes, status: bytes
) -> None:
    answer = door.raw(sent, half=True)
    if status and answer:
        assert answer.startswith(b"HTTP/1.1 " + status), answer[:300]
    assert door.post("/t/A-17", b'{"at": 1800000000000, "n": 5}', **TOKEN).status_code == 204


def test_who_trickles_is_cut_off(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "HEAD_S", 0.3)
    monkeypatch.setattr(posting, "BODY_S", 0.3)
    assert door.raw(b"POST /platform HTTP/1.1\r\nHos") == b""
    assert door.raw(HEAD + b"Content-Length: 10\r\n\r\nab").startswith(b"HTTP/1.1 408")


def test_more_connections_than_there_are_places_are_turned_away(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.feeds.listening.MOST_OF_ONE", 3)
    held = [socket.create_connection(("127.0.0.1", door.listening.port), 10) for _ in range(3)]
    try:
        assert door.raw(b"").startswith(b"HTTP/1.1 503")
    finally:
        for each in held:
            each.close()


def test_a_port_that_is_taken_is_said_by_the_lamp(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, Console(tmp_path, {}, FEEDS) as console:
        listen = Listen(port=taken.getsockname()[1])
        listening = Listening(listen, FEEDS, console.ingest, SystemClock(), tmp_path)
        listening.start()
        try:
            console.wait_for(
                lambda: (lamp := console.lamp("feed", "cap")) is not None and lamp.state == "bad",
                "the lamp did not say it",
            )
            lamp = console.lamp("feed", "cap")
            assert lamp is not None
            assert "cannot be used" in lamp.detail
        finally:
            listening.stop()


def test_posts_come_by_tls_and_plain_ones_are_not_taken_for_it(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    context = ssl.create_default_context(cafile=str(tmp_path / "ca.crt"))
    with (
        opened(tmp_path, cert_file="server.crt", key_file="server.key") as door,
        httpx2.Client(verify=context, trust_env=False) as client,
    ):
        url = f"https://127.0.0.1:{door.listening.port}/platform"
        assert client.post(url, content=b"{}").status_code == 200
        assert not door.raw(HEAD + b"Content-Length: 2\r\n\r\n{}", half=True).startswith(b"HTTP/1.1 2")
        assert client.post(url, content=b"{}").status_code == 200


def test_a_certificate_that_cannot_be_used_is_said_by_the_lamp(tmp_path: Path) -> None:
    with Console(tmp_path, {}, FEEDS) as console:
        listen = Listen(port=free_port(), cert_file="none.crt")
        listening = Listening(listen, FEEDS, console.ingest, SystemClock(), tmp_path)
        listening.start()
        try:
            console.wait_for(
                lambda: (lamp := console.lamp("feed", "cap")) is not None and "none.crt" in lamp.detail,
                "the lamp did not say it",
            )
        finally:
            listening.stop()


def test_many_posts_at_once_are_all_stored(door: Door) -> None:
    def post(n: int) -> int:
        body = msgspec.json.encode({"at": 1_800_000_000_000 + n, "n": n})
        return door.post(f"/t/S{n % 7}", body, **TOKEN).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(post, range(200)))
    assert set(statuses) == {204}
    assert len(door.console.committed) == 200
