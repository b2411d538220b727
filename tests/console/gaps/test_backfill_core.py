"""What did not arrive is asked for and comes in: real core, real broker, real HTTP server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tomlkit

from console.clock import SystemClock
from console.core import Core
from console.link_client import LinkClient
from console.settings import parse
from db import entries
from db.alarm_records import Alarm, AlarmState
from db.workings import Gap
from tests.end_to_end.whole import until
from tests.servers.history import Asked, History, Reply, history
from tests.servers.mosquitto import Mosquitto, publish_all

__all__ = ["history"]  # the fixture

Make = Callable[..., "Seat"]
SECRET = "not-to-be-seen-anywhere"


class Seat:
    """A core of its own thread and a screen's link to it."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.core = Core(
            folder / "data", parse(tomlkit.dumps(settings), "test"), SystemClock(), origin=folder / "x"
        )
        self.core.start()
        self.pushed: list[Any] = []
        self.client = LinkClient(
            folder / "data", role="ui", seat="1", actor="김관제", on_push=self.pushed.extend
        )
        self.client.start()
        assert self.client.wait_linked(10)

    def gaps(self, **args: Any) -> list[Gap]:
        return msgspec.convert(self.client.ask("gaps", args), list[Gap])

    def stop(self) -> None:
        self.client.stop()
        self.core.stop()


@pytest.fixture
def start_seat(tmp_path: Path) -> Iterator[Make]:
    seats: list[Seat] = []

    def make(settings: dict[str, Any]) -> Seat:
        seats.append(Seat(tmp_path, settings))
        return seats[-1]

    yield make
    for seat in seats:
        seat.stop()


def settings_for(mosquitto: Mosquitto, **feed: Any) -> dict[str, Any]:
    broker = mosquitto.settings()
    return {
        "site": {"device": "gaps"},
        "brokers": {
            "main": {
                "port": broker.port,
                "username": broker.username,
                "password_file": broker.password_file,
                "heartbeat_s": 0.5,
            }
        },
        "feeds": {
            "level": {
                "topics": ["level/#"],
                "mappings": [
                    {
                        "topic": "level/{source}",
                        "time": "at",
                        "time_format": "epoch_ms",
                        "sequence": "n",
                        "values": [{"quantity": "level", "value": "v", "unit": "m"}],
                    }
                ],
                **feed,
            }
        },
        "rules": [{"id": "high", "kind": "threshold", "quantity": "level", "above": 2.0, "priority": 1}],
    }


def asks(url: str, **more: Any) -> dict[str, Any]:
    return {"url": url + "/history/{source}?from={since_ms}&to={until_ms}", "every_s": 0.01, **more}


def message(n: int, base_ms: int, v: float = 1.0) -> dict[str, Any]:
    return {"at": base_ms + n * 1000, "n": n, "v": v}


def send(mosquitto: Mosquitto, numbers: list[int], base_ms: int) -> None:
    with mosquitto.client() as client:
        publish_all(client, [("level/river-2", msgspec.json.encode(message(n, base_ms))) for n in numbers])


def connected(seat: Seat) -> bool:
    return any(b["state"] == "ok" for b in seat.client.ask("status", {})["brokers"])


def test_a_hole_is_asked_for_and_filled_without_an_alarm(
    mosquitto: Mosquitto, history: History, tmp_path: Path, start_seat: Make
) -> None:
    base_ms = SystemClock().now_ms() - 60_000
    (tmp_path / "token").write_text(f"Bearer {SECRET}\n")

    def answer(asked: Asked) -> Reply:
        since_ms, until_ms = int(asked.query["from"]), int(asked.query["to"])
        kept = [message(n, base_ms, v=9.9) for n in range(1, 11)]  # above the limit of the rule
        return Reply({"rows": [each for each in kept if since_ms <= each["at"] <= until_ms]})

    history.answer = answer
    backfill = asks(history.url, items="rows", token_file="token")
    seat = start_seat(settings_for(mosquitto, backfill=backfill))
    until(lambda: connected(seat))
    send(mosquitto, [1, 2, 3, 7, 8, 10], base_ms)
    until(lambda: len(seat.gaps(state="filled")) == 2, what="both gaps are filled")

    first = seat.gaps(state="filled")[-1]
    assert (first.why, first.first_seq, first.last_seq, first.closed_by) == ("sequence", 4, 6, "backfill")
    assert (first.asked, first.missing) == (1, 0)
    assert {asked.headers["authorization"] for asked in history.asked} == {f"Bearer {SECRET}"}
    assert {asked.path for asked in history.asked} == {"/history/river-2"}
    assert any(isinstance(each, Gap) and each.state == "filled" for each in seat.pushed)
    trend = seat.client.ask(
        "trend",
        {"source": "river-2", "quantity": "level", "since_ms": base_ms, "until_ms": base_ms + 20_000},
    )
    assert trend["count"] == 10
    until(lambda: seat.core.evaluation.unjudged == 0)
    assert [each for each in seat.pushed if isinstance(each, Alarm)] == []
    assert seat.client.ask("status", {})["gaps"] == {"open": 0, "asking": 0, "filled": 2, "lost": 0}
    live = message(11, base_ms, v=9.9)
    with mosquitto.client() as client:
        publish_all(client, [("level/river-2", msgspec.json.encode(live))])
    until(
        lambda: [each.state for each in seat.pushed if isinstance(each, Alarm)] == [AlarmState.UNACKNOWLEDGED]
    )


def test_what_nobody_has_stays_open_until_a_person_confirms_it_lost(
    mosquitto: Mosquitto, history: History, start_seat: Make, tmp_path: Path
) -> None:
    base_ms = SystemClock().now_ms() - 60_000
    settings = settings_for(mosquitto, backfill=asks(history.url))
    seat = start_seat(settings)
    until(lambda: connected(seat))
    send(mosquitto, [1, 5], base_ms)
    until(lambda: [gap for gap in seat.gaps(state="open") if gap.detail])
    (gap,) = seat.gaps(state="standing")
    assert (gap.detail, gap.asked, gap.missing) == ("the source has nothing of it", 1, 3)

    seat.client.act("gap.ask", {"gap": gap.id})
    until(lambda: seat.gaps()[0].asked == 2 and seat.gaps()[0].state == "open")
    seat.client.act("gap.confirm", {"gap": gap.id, "note": "정전으로 기록 없음"})
    (lost,) = seat.gaps(state="lost")
    assert (lost.closed_by, lost.detail) == ("김관제", "정전으로 기록 없음")
    db = seat.core.open_ops_reader()
    try:
        (entry,) = entries.newest(db, 5)
        assert (entry.type, entries.draft_of(entry).payload["source"]) == ("gap.confirmed", "river-2")
    finally:
        db.close()
    seat.stop()

    seat = start_seat(settings)
    until(lambda: connected(seat))
    assert [each.state for each in seat.gaps()] == ["lost"]
    send(mosquitto, [3, 2, 4], base_ms)
    until(lambda: [each.state for each in seat.gaps()] == ["filled"], what="late data count after all")


def test_a_broker_that_forgot_us_leaves_a_gap_that_is_asked_for(
    mosquitto: Mosquitto, history: History, start_seat: Make
) -> None:
    base_ms = SystemClock().now_ms() - 60_000
    settings = settings_for(mosquitto, backfill=asks(history.url))
    del settings["feeds"]["level"]["mappings"][0]["sequence"]
    seat = start_seat(settings)
    until(lambda: connected(seat))
    send(mosquitto, [1], base_ms)
    until(lambda: seat.client.ask("status", {})["feeds"][0]["stored"] == 1)

    history.answer = lambda asked: Reply([message(3, base_ms)])
    mosquitto.kill()
    (mosquitto.folder / "mosquitto.db").unlink(missing_ok=True)
    mosquitto.start()
    send(mosquitto, [2], base_ms)  # nobody's session: lost with it, or delivered if we were back already
    until(lambda: connected(seat))
    send(mosquitto, [6], base_ms)
    until(lambda: seat.gaps(state="filled"))
    (gap,) = seat.gaps()
    assert (gap.why, gap.source, gap.closed_by) == ("session", "river-2", "backfill")


def test_a_temporal_answer_fills_a_silence(mosquitto: Mosquitto, history: History, start_seat: Make) -> None:
    entity = "urn:ngsi-ld:AirQualityObserved:guro-1"
    settings = settings_for(
        mosquitto,
        every_s=60,
        backfill={
            "url": history.url
            + "/temporal/entities/{source}?timerel=between&timeAt={since}&endTimeAt={until}",
            "form": "ngsi-ld",
            "every_s": 0.01,
        },
    )
    mapping = {
        "topic": "level/{any}",
        "source_path": "id",
        "time": "pm10.observedAt",
        "values": [{"quantity": "pm10", "value": "pm10.value", "unit": "ug/m3"}],
    }
    settings["feeds"]["level"]["mappings"] = [mapping]

    def moment(minute: int) -> str:
        return f"2026-11-22T02:{minute:02d}:00Z"

    values = [[20 + minute, moment(minute)] for minute in range(10)]
    history.answer = lambda asked: Reply({"id": entity, "pm10": {"type": "Property", "values": values[:7]}})
    seat = start_seat(settings)
    until(lambda: connected(seat))
    with mosquitto.client() as client:
        for minute in (0, 1, 6):
            live = {"id": entity, "pm10": {"type": "Property", "value": 1, "observedAt": moment(minute)}}
            publish_all(client, [("level/guro", msgspec.json.encode(live))])
    until(lambda: seat.gaps(state="filled"), what="the silence is filled")
    (gap,) = seat.gaps()
    assert (gap.why, gap.source, gap.got, gap.closed_by) == ("silence", entity, 4, "backfill")
    assert history.asked[0].query["timeAt"] == "2026-11-22T02:01:00.000Z"


def test_a_server_that_is_away_is_asked_again_and_the_gap_says_why(
    mosquitto: Mosquitto, history: History, start_seat: Make
) -> None:
    base_ms = SystemClock().now_ms() - 60_000
    history.answer = lambda asked: Reply(status=503)
    seat = start_seat(settings_for(mosquitto, backfill=asks(history.url)))
    until(lambda: connected(seat))
    send(mosquitto, [1, 3], base_ms)
    until(lambda: "503" in seat.gaps()[0].detail if seat.gaps() else False)
    assert seat.gaps()[0].state == "open"
    history.answer = lambda asked: Reply([message(2, base_ms)])
    until(lambda: seat.gaps()[0].state == "filled")
