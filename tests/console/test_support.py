"""The file for support says how things are, and nothing of who, where or what was sent."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlite_utils import Database

from console.clock import SystemClock
from console.core import Core
from console.doctor.finding import tell
from console.doctor.scrub import Scrubber
from console.doctor.support import contents
from console.errors import StoreError
from console.link_client import LinkClient
from console.settings import Settings, parse
from tests.servers.mosquitto import Mosquitto

PLANTED = """
[site]
district = "가상구"
device = "board-of-kim"
assets = ""
[brokers.citybroker]
host = "mq.gasang.example"
username = "operator-park"
password = "Hunter2-is-long"
client_id = "gasang-console"
[feeds.market-nammun]
broker = "citybroker"
topics = ["gasang/nammun-market/+"]
[[cameras]]
id = "cam-of-school"
name = "남문초등학교"
url = "rtsp://viewer:S3cretCam@10.20.30.40/live"
lon = 126.97801
lat = 37.56651
[central]
url = "postgresql://desk7:pgSecret9@centre.gasang.example/gwanje"
"""

LOG = "\n".join(
    "2026-11-22 10:01:32,120 " + line
    for line in (
        "INFO console.feeds.session event=broker name=citybroker trouble='x'",
        "WARNING ui plate 12가3456 seen by 홍길동 at 126.97801, 37.56651",
        'ERROR bug payload={"resident": "Lee Minho", "phone": "010-1234-5678"} password=Hunter2-is-long',
        "INFO console.sync url=postgresql://desk7:pgSecret9@centre.gasang.example/gwanje",
        "INFO ui saved /home/minho/x for minho@gasang.example by Kim-Cheolsu from 10.20.30.40",
        "INFO paho token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0 and b'\\x01raw-body'",
    )
)
ACTED = "2026-11-22 10:01:39,120 INFO ui seat of cheolsu opened"

FORBIDDEN = (
    "Hunter2", "S3cretCam", "pgSecret9", "eyJ", "operator-park", "viewer", "desk7", "board-of-kim",
    "가상구", "gasang", "nammun", "citybroker", "10.20.30.40", "cam-of-school", "남문", "126.97", "37.566",
    "12가3456", "3456", "홍길동", "Minho", "minho", "1234-5678", "Cheolsu", "raw-body", "resident",
)  # fmt: skip


def everything(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return "\n".join(name + "\n" + file.read(name).decode() for name in file.namelist())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "logs").mkdir(parents=True)
    (folder / "logs" / "core.log").write_text(LOG, encoding="utf-8")
    return folder


@pytest.fixture
def core(folder: Path) -> Iterator[Core]:
    core = Core(folder, parse('[site]\ndistrict = "가상구"\ndevice = "board-of-kim"', "test"), SystemClock())
    core.start()
    yield core
    core.stop()


@pytest.fixture
def client(core: Core, folder: Path) -> Iterator[LinkClient]:
    client = LinkClient(folder, role="ui", seat="1", actor="cheolsu")
    client.start()
    assert client.wait_linked(10)
    yield client
    client.stop()


def test_nothing_that_was_planted_is_in_the_file(folder: Path) -> None:
    settings = parse(PLANTED, "test")
    findings = [
        tell(
            "broker citybroker", "bad", "broker-away", where="mq.gasang.example:1883", error="no 10.20.30.40"
        ),
        tell("file system", "ok", "filesystem", folder="/home/minho/gwanje", kind="ext4", mount="/home"),
    ]
    state = {"device": "board-of-kim", "brokers": [{"name": "citybroker", "detail": "홍길동"}], "n": 3}
    text = everything(contents(settings, folder, SystemClock(), findings, state=state))
    assert [each for each in FORBIDDEN if each in text] == []
    assert "trouble" in text and "broker-away" in text


def test_who_has_acted_at_the_console_is_not_named(core: Core, client: LinkClient, folder: Path) -> None:
    (folder / "logs" / "ui.log").write_text(ACTED)
    client.act("incident.open", {"title": "Lee Minho fell", "type": "침수", "level": 2})
    text = everything(client.ask("support", {})["data"])
    assert [
        each for each in ("Kim-Cheolsu", "cheolsu", "Lee", "Minho", "가상구", "침수") if each in text
    ] == []
    assert "ops m0001" in text


def test_numbers_choices_and_what_is_equal_can_still_be_seen() -> None:
    scrubber = Scrubber(parse(PLANTED, "test"))
    shown = scrubber.settings()
    broker = shown["brokers"][scrubber.mark("citybroker")]
    assert (broker["port"], broker["version"], broker["tls"]) == (1883, "5", False)
    assert next(iter(shown["feeds"].values()))["broker"] == scrubber.mark("citybroker")
    assert scrubber.text("2026-11-22 10:01:32,120 INFO console.engine 14 rows, 3.25 ms") == (
        "2026-11-22 10:01:32,120 INFO console.engine 14 rows, 3.25 ms"
    )
    assert Scrubber(Settings()).mark("x") != Scrubber(Settings()).mark("x")


def test_without_knowing_who_acted_the_logs_are_left_out(folder: Path) -> None:
    def refuse() -> Database:
        raise StoreError("damaged")

    text = everything(contents(Settings(), folder, SystemClock(), [], stores={"ops.db": refuse}))
    assert "left-out" in text
    assert "Kim" not in text and "seat" not in text


@pytest.mark.needs("mosquitto")
def test_a_screen_lets_the_core_examine_and_reads_what_it_found(tmp_path: Path, mosquitto: Mosquitto) -> None:
    broker = mosquitto.settings(password_file="", password="only-for-tests")
    core = Core(tmp_path / "data", Settings(brokers={"main": broker}), SystemClock())
    core.start()
    client = LinkClient(tmp_path / "data", role="ui", seat="1", actor="김관제")
    try:
        client.start()
        assert client.wait_linked(10)
        assert client.ask("findings")["at_ms"] is None
        client.act("doctor.start", {})
        deadline = time.monotonic() + 30
        while client.ask("findings")["at_ms"] is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        found = {each["name"]: each for each in client.ask("findings")["findings"]}
        assert found["queue main"]["facts"]["delivered"] == 3000
        assert found["fsync"]["state"] in ("ok", "warn")
    finally:
        client.stop()
        core.stop()


def test_a_file_is_small_and_msgspec_can_read_its_findings(folder: Path) -> None:
    data = contents(Settings(), folder, SystemClock(), [tell("fonts", "ok", "fonts")])
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert msgspec.json.decode(file.read("findings.json"))[0]["code"] == "fonts"
        assert file.testzip() is None
