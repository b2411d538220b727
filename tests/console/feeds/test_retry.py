"""Set-aside messages are read again by mended forms: stored once, as of the past, and counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import gwanje
from console.clock import SystemClock
from console.core import Core
from console.errors import Refused
from console.link_client import LinkClient
from console.settings import load
from db import quarantine, readings
from db.alarm_records import Alarm
from db.records import Flag
from tests.end_to_end.whole import until
from tests.servers.mosquitto import PASSWORD, USER, Mosquitto, publish_all

BROKEN = f"""
[site]
device = "retry"
[brokers.main]
port = 0
username = "{USER}"
password = "{PASSWORD}"
[feeds.air]
topics = ["city/#"]
  [[feeds.air.mappings]]
  topic = "city/{{source}}"
  time = "at"
  time_format = "epoch_ms"
    [[feeds.air.mappings.values]]
    quantity = "pm10"
    value = "wrong"
    unit = "ug/m3"
[[rules]]
id = "dust"
kind = "threshold"
quantity = "pm10"
above = 1
"""
MENDED = BROKEN.replace('"wrong"', '"pm10"').replace('["city/#"]', '["city/#", "town/#"]')
AT = 1_800_000_000_000


def message(n: int, value: Any = 50) -> bytes:
    return json.dumps({"at": AT + n, "pm10": value}).encode()


class Desk:
    """A core on a settings file that can be mended, its broker, and a link to it."""

    def __init__(self, folder: Path, broker: Mosquitto) -> None:
        self.folder, self.broker = folder / "data", broker
        self.file = folder / "settings.toml"
        self.write(BROKEN)
        self.core = Core(self.folder, load(self.file), SystemClock(), origin=self.file)
        self.client = LinkClient(self.folder, role="cli", seat="1", actor="관리자")

    def write(self, text: str) -> None:
        self.file.write_text(text.replace("port = 0", f"port = {self.broker.port}"), encoding="utf-8")

    def publish(self, *messages: tuple[str, bytes]) -> None:
        before = self.count("received")
        with self.broker.client() as client:
            publish_all(client, list(messages))
        until(lambda: self.count("received") == before + len(messages), what="received")

    def hears(self) -> bool:
        return any(each["state"] == "ok" for each in self.client.ask("status")["brokers"])

    def count(self, name: str) -> int:
        return sum(feed[name] for feed in self.client.ask("status")["feeds"])

    def retry(self, **args: Any) -> None:
        self.client.act("quarantine.retry", args)
        until(lambda: not self.core.tasks.running, what="the retry ended")

    def stored(self) -> list[Any]:
        with closing(self.core.open_feed_reader()) as db:
            return [reading for _, reading in readings.after(db, 0, 1000)]

    def aside(self) -> list[str]:
        with closing(self.core.open_feed_reader()) as db:
            return [row.reason for row in quarantine.page(db)]


@pytest.fixture
def desk(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Desk]:
    desk = Desk(tmp_path, mosquitto)
    desk.core.start()
    desk.client.start()
    try:
        assert desk.client.wait_linked(10)
        until(desk.hears, what="the broker answers")
        yield desk
    finally:
        desk.client.stop()
        desk.core.stop()


def test_mended_forms_read_what_was_set_aside_once_and_raise_no_alarm(desk: Desk) -> None:
    desk.publish(*[(f"city/s{n}", message(n)) for n in range(120)], ("city/bad", b"{"))
    assert (desk.stored(), len(desk.aside())) == ([], 121)
    desk.write(MENDED)
    assert desk.client.act("feeds.reload") == ["air"]
    desk.retry(feed="air")
    assert desk.aside() == ["not-json"]
    stored = desk.stored()
    assert [reading.observed_ms for reading in stored] == [AT + n for n in range(120)]
    assert {reading.flags for reading in stored} == {int(Flag.HISTORICAL)}
    assert [desk.count(name) for name in ("received", "stored", "quarantined")] == [121, 120, 1]
    desk.publish(("town/x", b"{}"), ("city/live", message(500)))
    until(lambda: desk.core.newest.of(Alarm), what="a live value alarms")
    assert [alarm.source for alarm in desk.core.newest.of(Alarm)] == ["live"]


def test_reading_again_twice_changes_nothing_more(desk: Desk) -> None:
    desk.publish(*[(f"city/s{n}", message(n)) for n in range(3)])
    desk.write(MENDED)
    desk.client.act("feeds.reload")
    desk.publish(("city/s0", message(0)))
    desk.retry()
    desk.retry()
    assert len(desk.stored()) == 3
    assert [desk.count(name) for name in ("received", "stored", "duplicate")] == [4, 3, 1]


def test_a_fault_in_the_settings_changes_nothing(desk: Desk) -> None:
    desk.write(BROKEN.replace('"epoch_ms"', '"epoch_ms"\n  tim = "x"'))
    with pytest.raises(Refused, match="tim"):
        desk.client.act("feeds.reload")
    desk.write(MENDED.replace("[feeds.air]", "[feeds.water]").replace("feeds.air", "feeds.water"))
    with pytest.raises(Refused, match="start the console again"):
        desk.client.act("feeds.reload")
    desk.publish(("city/s1", message(1)))
    assert desk.aside() == ["no-reading"]


def test_a_message_kept_only_in_part_stays_and_is_counted(desk: Desk) -> None:
    long = json.dumps({"at": AT, "pm10": 3, "text": "x" * 20_000}).encode()
    desk.publish(("city/long", long))
    desk.write(MENDED)
    desk.client.act("feeds.reload")
    with pytest.raises(SystemExit) as ended:
        gwanje.main(["quarantine", "retry", "--data", str(desk.folder)], prog_name="gwanje")
    assert ended.value.code == 0
    assert (desk.stored(), desk.aside()) == ([], ["no-reading"])


def test_level_four_shows_the_messages_of_a_source_and_what_the_forms_make_of_them(desk: Desk) -> None:
    desk.publish(("city/s1", message(1)))
    (row,) = desk.client.ask("raw", {"state": "set_aside"})
    assert (row["topic"], row.get("source", "")) == ("city/s1", "")
    desk.write(MENDED)
    desk.client.act("feeds.reload")
    (made,) = desk.client.ask("decode_again", {"raw": row["id"]})
    assert (made["kind"], made["source"], made["value"]) == ("reading", "s1", 50)
    desk.publish(("city/s2", message(2)), ("city/s1", message(3)))
    assert [each["topic"] for each in desk.client.ask("raw", {"source": "s1"})] == ["city/s1"]
    assert len(desk.client.ask("raw", {"state": "read"})) == 2
    with pytest.raises(Refused, match="not kept any more"):
        desk.client.ask("decode_again", {"raw": 999})
