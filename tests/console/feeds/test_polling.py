"""Feeds that are asked for, against a real HTTP server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from console.clock import SystemClock
from console.errors import SettingsError
from console.feeds.polling import Polling
from console.settings import Feed, parse
from console.settings_tables import Poll
from db import raw
from tests.console.feeds.support import NUMBERED, Console, reader
from tests.console.formats.test_cap import alert
from tests.console.formats.test_seoul import CROWD, INCIDENT, as_json, xml
from tests.servers.web import Answer, HttpServer, Request

KEY = "s3cret+key/="


def number(n: int) -> bytes:
    return msgspec.json.encode({"at": 1_800_000_000_000 + n, "n": n})


def feed(url: str, kind: str = "mapping", **poll: Any) -> Feed:
    poll = {"every_s": 1.0, "timeout_s": 5.0, **poll}
    mappings = NUMBERED.mappings if kind == "mapping" else ()
    return Feed(kind=kind, via="poll", poll=Poll(url=url, **poll), mappings=mappings, silent_s=5)  # type: ignore[arg-type]


@contextmanager
def polled(folder: Path, feed: Feed) -> Iterator[tuple[Console, Polling]]:
    (folder / "key").write_text(KEY + "\n", encoding="utf-8")
    with Console(folder, {}, {"f": feed}) as console:
        polling = Polling("f", feed, console.ingest, SystemClock(), folder, "Asia/Seoul", ("utf-8", "cp949"))
        polling.start()
        try:
            yield console, polling
        finally:
            polling.stop()


def kept(folder: Path) -> list[tuple[str, str, bytes]]:
    if not (folder / "feed.db").exists():
        return []
    db = reader(folder)
    try:
        return [(row.topic, row.state, row.payload) for row in reversed(raw.newest(db, limit=1000))]
    finally:
        db.close()


def wait_lamp(console: Console, state: str, word: str = "") -> str:
    def proved() -> bool:
        lamp = console.lamp("feed", "f")
        return lamp is not None and lamp.state == state and word in lamp.detail

    console.wait_for(proved, f"the lamp was not {state} with {word!r}: {console.lamp('feed', 'f')}")
    lamp = console.lamp("feed", "f")
    assert lamp is not None
    return lamp.detail


def test_an_answer_is_stored_and_the_same_answer_is_not_stored_again(tmp_path: Path) -> None:
    bodies = [number(1), number(1), number(2)]

    def answer(_: Request) -> bytes:
        return bodies.pop(0) if len(bodies) > 1 else bodies[0]

    with HttpServer(answer) as server, polled(tmp_path, feed(f"{server.url}/now")) as (console, _):
        server.wait_asked(4)
        console.wait_received("f", 2)
        wait_lamp(console, "ok")
    assert [payload for _, _, payload in kept(tmp_path)] == [number(1), number(2)]
    assert [each.reading.source for each in console.committed] == ["f", "f"]


def test_services_without_times_may_store_what_has_not_changed(tmp_path: Path) -> None:
    with (
        HttpServer(lambda _: number(1)) as server,
        polled(tmp_path, feed(f"{server.url}/now", unchanged="store")) as (console, _),
    ):
        console.wait_received("f", 2)


def test_what_has_not_changed_by_the_services_own_mark_is_not_sent_again(tmp_path: Path) -> None:
    def answer(request: Request) -> Answer:
        if request.headers.get("If-None-Match") == '"7"':
            return Answer(status=304)
        return Answer(number(7), headers=(("ETag", '"7"'),))

    with HttpServer(answer) as server, polled(tmp_path, feed(f"{server.url}/now")) as (console, _):
        asked = server.wait_asked(3)
        wait_lamp(console, "ok")
    assert [each.headers.get("If-None-Match") for each in asked[:3]] == [None, '"7"', '"7"']
    assert len(kept(tmp_path)) == 1


def test_pages_go_on_until_all_rows_are_there(tmp_path: Path) -> None:
    def answer(request: Request) -> bytes:
        start = int(request.path.split("/")[-2])
        rows = [{**INCIDENT, "acc_id": str(n)} for n in range(start, min(start + 2, 6))]
        return xml("AccInfo", rows, total=5)

    with (
        HttpServer(answer) as server,
        polled(tmp_path, feed(f"{server.url}/{{key}}/AccInfo/{{start}}/{{end}}", "seoul", key_file="key",
                              page_size=2, every_s=60)) as (console, _),
    ):  # fmt: skip
        console.wait_received("f", 3)
        wait_lamp(console, "ok")
        assert len(server.asked) == 3
    assert [each.path.partition(KEY)[2] for each in server.asked] == [
        "/AccInfo/1/2", "/AccInfo/3/4", "/AccInfo/5/6",
    ]  # fmt: skip


def test_every_area_is_asked_for_and_named_in_the_topic(tmp_path: Path) -> None:
    def answer(request: Request) -> bytes:
        area = request.path.rsplit("/", 1)[1]
        return json.dumps({"SeoulRtd.citydata_ppltn": [{**CROWD, "AREA_CD": area}]}).encode()

    areas = ("명동 관광특구", "POI/2")
    with HttpServer(answer) as server:
        wanted = feed(f"{server.url}/x/{{date}}/{{hour}}/{{area}}", "seoul", areas=areas, every_s=60)
        with polled(tmp_path, wanted) as (console, _):
            console.wait_received("f", 2)
    assert [topic for topic, _, _ in kept(tmp_path)] == ["f/명동 관광특구", "f/POI_2"]
    assert {each.reading.source for each in console.committed} == {"명동 관광특구", "2"}


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (Answer(status=500), "500"),
        (Answer(status=403), "403"),
        (Answer(status=302, headers=(("Location", "http://127.0.0.1:1/"),)), "not followed"),
        (Answer(b"x", headers=(("Content-Encoding", "gzip"),)), "compressed"),
        (Answer(b"[" + b" " * (1 << 20) + b"]"), "larger than"),
        (Answer(b"{}", length=100), "cannot be reached"),
        (
            Answer(b'{"RESULT": {"CODE": "INFO-100", "MESSAGE": "key ' + KEY.encode() + b' unknown"}}'),
            "INFO-100",
        ),
    ],
)
def test_what_goes_wrong_is_said_by_the_lamp_and_the_key_never(
    tmp_path: Path, answer: Answer, word: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with HttpServer(lambda _: answer) as server:
        url = f"{server.url}/{{key}}/now"
        with polled(tmp_path, feed(url, "seoul", key_file="key", header="X-Key")) as (console, _):
            server.wait_asked(1)
            said = wait_lamp(console, "bad", word)
        assert KEY in server.asked[0].path
        assert server.asked[0].headers["X-Key"] == KEY
    assert "s3cret" not in said + "".join(capfd.readouterr()) + "".join(row[0] for row in kept(tmp_path))


def test_a_key_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with (
        HttpServer(lambda _: b"{}") as server,
        polled(tmp_path, feed(f"{server.url}/{{key}}", key_file="none")) as (console, _),
    ):
        wait_lamp(console, "bad", "key_file none")
        assert not server.asked


def test_no_rows_is_no_fault(tmp_path: Path) -> None:
    none = b"<RESULT><CODE>INFO-200</CODE><MESSAGE>no data</MESSAGE></RESULT>"
    with (
        HttpServer(lambda _: none) as server,
        polled(tmp_path, feed(f"{server.url}/x", "seoul")) as (console, _),
    ):
        wait_lamp(console, "ok")
    assert kept(tmp_path) == []


def test_what_the_disk_refused_is_asked_for_again(tmp_path: Path) -> None:
    with Console(tmp_path, {}, {"f": feed("http://127.0.0.1:1/")}) as console:
        console.ingest.hold("the disk is full")
        with HttpServer(lambda _: Answer(number(1), headers=(("ETag", '"1"'),))) as server:
            wanted = feed(f"{server.url}/now")
            polling = Polling("f", wanted, console.ingest, SystemClock(), tmp_path, "Asia/Seoul", ("utf-8",))
            polling.start()
            wait_lamp(console, "bad", "disk is full")
            console.ingest.hold("")
            console.wait_received("f", 1)
            polling.stop()
    assert [each.reading.value for each in console.committed] == [1.0]


ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><updated>{}</updated>{}</feed>'


def test_linked_alerts_are_fetched_from_the_same_host_only_and_each_once(tmp_path: Path) -> None:
    count = [0]

    def answer(request: Request) -> bytes:
        if request.path == "/alerts/1":
            return alert().encode()
        count[0] += 1
        entries = '<entry><link href="/alerts/1"/></entry><entry><link href="http://127.0.0.2:9/2"/></entry>'
        return ATOM.format(count[0], entries).encode()

    with HttpServer(answer) as server, polled(tmp_path, feed(f"{server.url}/feed", "cap")) as (console, _):
        server.wait_asked(4)
        console.wait_received("f", 2)
        wait_lamp(console, "ok")
    assert [each.path for each in server.asked].count("/alerts/1") == 1
    assert [each.reason for each in console.quarantined()] == ["cap-link"]
    assert [state for _, state, _ in kept(tmp_path)].count("read") == 1


def test_a_list_without_alerts_is_set_aside_once_and_an_empty_list_never(tmp_path: Path) -> None:
    count = [0]

    def answer(request: Request) -> bytes:
        count[0] += 1
        if request.path == "/rss":
            return f"<rss><date>{count[0]}</date></rss>".encode()
        return ATOM.format(count[0], "").encode()

    with HttpServer(answer) as server:
        for path, aside in (("/rss", ["no-alert"]), ("/atom", [])):
            count[0] = 0
            folder = tmp_path / path.strip("/")
            folder.mkdir()
            before = len(server.asked)
            with polled(folder, feed(f"{server.url}{path}", "cap")) as (console, _):
                server.wait_asked(before + 3)
                wait_lamp(console, "ok")
            assert [each.reason for each in console.quarantined()] == aside


def test_an_address_needs_a_fixed_host() -> None:
    for url in ("http://{key}/x", "http://a{area}:80/", "http://[x/", "http:///x", "http://a:99999/"):
        text = f'[feeds.f]\nkind = "seoul"\nvia = "poll"\npoll = {{ url = "{url}" }}\n'
        with pytest.raises(SettingsError, match="fixed host"):
            parse(text, "test")


def test_json_and_xml_are_polled_alike(tmp_path: Path) -> None:
    bodies = [as_json("AccInfo", [INCIDENT]), xml("AccInfo", [{**INCIDENT, "acc_id": "2"}])]
    with (
        HttpServer(lambda _: bodies.pop(0) if len(bodies) > 1 else bodies[0]) as server,
        polled(tmp_path, feed(f"{server.url}/x", "seoul")) as (console, _),
    ):
        console.wait_received("f", 2)
    assert {state for _, state, _ in kept(tmp_path)} == {"read"}


def observations(server: HttpServer, *results: int, more: str = "") -> bytes:
    rows = [
        {"@iot.id": n, "phenomenonTime": f"2026-11-22T00:00:{n:02}Z", "result": float(n)} for n in results
    ]
    page: dict[str, Any] = {"value": rows}
    return json.dumps(page | ({"@iot.nextLink": f"{server.url}{more}"} if more else {})).encode()


def test_the_pages_of_sensorthings_are_followed_on_their_own_host(tmp_path: Path) -> None:
    path = "/v1.1/Datastreams(1)/Observations"

    def answer(request: Request) -> bytes:
        if "skip=2" in request.path:
            return observations(server, 3, 4, more=f"{path}?$skip=4")
        if "skip=4" in request.path:
            return observations(server, 5)
        return observations(server, 1, 2, more=f"{path}?$skip=2")

    with HttpServer(answer) as server:
        made = feed(server.url + path, "sensorthings", key_file="key", header="X-Key")
        with polled(tmp_path, made) as (console, _):
            console.wait_received("f", 3)
            asked = server.wait_asked(6)
            wait_lamp(console, "ok")
    assert [each.path.partition("?")[2] for each in asked[:3]] == ["", "$skip=2", "$skip=4"]
    assert {each.headers["X-Key"] for each in asked} == {KEY}
    values = sorted(each.value for each in {each.observed_ms: each for each in console.latest()}.values())
    assert values[-1] == 5.0
    assert console.counts("f").quarantined == 0
    assert console.counts("f").received == 3, "unchanged pages are not stored again"


@pytest.mark.parametrize(
    ("link", "word"), [("http://other.example/x", "another host"), ("/v1.1/Datastreams(1)/Observations", "")]
)
def test_a_page_elsewhere_is_not_fetched_and_a_circle_ends(link: str, word: str, tmp_path: Path) -> None:
    def answer(_: Request) -> bytes:
        return json.dumps({"@iot.nextLink": link, "value": []}).encode()

    with HttpServer(answer) as server:
        made = feed(f"{server.url}/v1.1/Datastreams(1)/Observations", "sensorthings")
        with polled(tmp_path, made) as (console, _):
            wait_lamp(console, "bad" if word else "ok", word)
            assert len(server.asked) <= 4


def test_entities_that_a_poll_learns_are_no_trouble(tmp_path: Path) -> None:
    stream = {"@iot.id": 1, "name": "t", "unitOfMeasurement": {"symbol": "°C"}}
    with HttpServer(lambda _: json.dumps({"value": [stream]}).encode()) as server:
        made = feed(f"{server.url}/v1.1/Datastreams", "sensorthings")
        with polled(tmp_path, made) as (console, _):
            wait_lamp(console, "ok")
