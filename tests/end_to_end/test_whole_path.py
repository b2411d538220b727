"""Broker, store, alarm, screen, incident, central platform: the whole path on real servers."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from console.clock import SystemClock
from console.link_client import LinkClient
from console.sync.install import central_init
from db.alarm_records import AlarmState
from db.records import Incident
from tests.end_to_end.test_roles import settings_for
from tests.end_to_end.whole import WholeConsole
from tests.servers.mosquitto import Mosquitto, publish_all
from tests.servers.postgres import DEVICE, DEVICE_PASSWORD, Postgres
from tests.servers.rtsp import RtspServer
from widgets.app import Screen
from widgets.bridge import Bridge
from widgets.preferences import Preferences
from widgets.words import Words

pytestmark = pytest.mark.timeout(240)
PATIENCE_MS = 40_000


@pytest.fixture
def centre_url(postgres: Postgres) -> str:
    with psycopg.connect(postgres.url(), autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS whole WITH (FORCE)")
        admin.execute("CREATE DATABASE whole")
    central_init(postgres.url(database="whole"), login=DEVICE, login_password=DEVICE_PASSWORD)
    return postgres.url(DEVICE, DEVICE_PASSWORD, "whole")


@pytest.fixture
def console(
    mosquitto: Mosquitto, centre_url: str, rtsp_server: RtspServer, tmp_path: Path
) -> Iterator[WholeConsole]:
    settings = settings_for(
        mosquitto,
        rules=[
            {
                "id": "high",
                "kind": "threshold",
                "quantity": "level",
                "above": 2.0,
                "priority": 1,
                "name": "수위 높음",
            }
        ],
        cameras=[{"id": "cam-1", "name": "도림천교", "url": rtsp_server.url("people")}],
        central={"url": centre_url, "every_s": 0.5},
    )
    with WholeConsole(tmp_path / "data", settings, screen=False) as console:
        yield console


class Quiet:
    """A loudspeaker that is there and says nothing."""

    is_present = True

    def play(self, priority: int) -> None:
        return None


class Seat:
    """A real screen in this process, on the core of the console."""

    def __init__(self, folder: Path) -> None:
        self.bridge = Bridge()
        self.client = LinkClient(
            folder,
            role="ui",
            seat="seat",
            actor="김관제",
            on_push=self.bridge.post,
            on_state=self.bridge.post_state,
        )
        self.bridge.use(self.client)
        self.screen = Screen(
            self.bridge, Words("ko"), Preferences(folder / "seat.json"), folder / "layouts.json", Quiet()
        )
        self.screen.open()
        self.client.start()

    def close(self) -> None:
        self.screen.close()
        self.client.stop()


@pytest.fixture
def seat(qtbot: Any, console: WholeConsole) -> Iterator[Seat]:
    seat = Seat(console.folder)
    yield seat
    seat.close()


def proof(console: WholeConsole) -> dict[str, Any]:
    return dict(((console.ask() or {}).get("central") or {}).get("proof") or {})


def test_a_value_over_its_limit_ends_as_an_incident_at_the_central_platform(
    qtbot: Any, console: WholeConsole, seat: Seat, mosquitto: Mosquitto, postgres: Postgres
) -> None:
    wait: Callable[[Callable[[], bool]], None] = lambda holds: qtbot.waitUntil(holds, timeout=PATIENCE_MS)  # noqa: E731
    panel = seat.screen.alarms
    wait(lambda: any(b["state"] == "ok" for b in (console.ask() or {"brokers": []})["brokers"]))

    at_ms = SystemClock().now_ms()
    with mosquitto.client() as client:
        publish_all(client, [("level/river-2", f'{{"at": {at_ms}, "v": 2.31}}'.encode())])
    wait(lambda: panel.model.rowCount() == 1)
    alarm = panel.model.alarm(panel.model.index(0))
    assert (alarm.source, alarm.value, alarm.state) == ("river-2", 2.31, AlarmState.UNACKNOWLEDGED)

    panel.select(alarm.id)
    QTest.keyClick(panel.list, Qt.Key.Key_Space)
    wait(lambda: panel.model.alarm(panel.model.index(0)).state is AlarmState.ACKNOWLEDGED)
    assert panel.model.alarm(panel.model.index(0)).acknowledged_by == "김관제"

    opened: list[Any] = []
    seat.bridge.command(
        "incident.open",
        {"title": "도림천 수위", "type": "침수", "level": 1, "alarms": [alarm.id], "cameras": ["cam-1"]},
        lambda value, error: opened.append(msgspec.convert(value, Incident)),
    )
    wait(lambda: bool(opened))
    incident = opened[0].id

    seat.screen.window.docks.raise_panel("cameras")
    wait(lambda: seat.screen.cameras.snapshot("cam-1") is not None)
    picture = seat.screen.cameras.snapshot("cam-1")
    assert picture is not None
    seat.screen.incidents.show_incident(incident)
    seat.screen.incidents.attach_bytes(incident, "cam-1.jpg", "image/jpeg", picture, "cam-1")
    wait(lambda: bool(console.ask("incident", id=incident)["incident"].get("attachments")))
    wait(lambda: bool(proof(console).get("equal")) and proof(console)["ours"]["count"] >= 4)

    postgres.cut()
    try:
        for number in range(20):
            console.client.act("incident.note", {"incident": incident, "text": f"끊긴 동안의 기록 {number}"})
        wait(lambda: ((console.ask() or {})["central"]["backlog"] or {}).get("number", 0) >= 20)
    finally:
        postgres.start()
    wait(lambda: bool(proof(console).get("equal")) and proof(console)["ours"]["count"] >= 24)

    found = proof(console)
    assert found["ours"] == found["theirs"]
    attached = console.ask("incident", id=incident)["incident"]["attachments"][0]["sha256"]
    query = (
        "SELECT string_agg(bytes, ''::bytea ORDER BY at_byte)"
        " FROM gwanje_central.blob_chunk WHERE sha256 = %s"
    )

    def at_the_centre() -> bytes | None:
        with psycopg.connect(postgres.url(database="whole")) as admin:
            row = admin.execute(query, (attached,)).fetchone()
            return row[0] if row else None

    wait(lambda: at_the_centre() == picture)


def test_the_truth_bar_says_within_three_heartbeats_that_the_broker_is_gone(
    qtbot: Any, console: WholeConsole, mosquitto: Mosquitto
) -> None:
    def broker() -> str:
        return str(((console.ask() or {}).get("brokers") or [{"state": "?"}])[0]["state"])

    qtbot.waitUntil(lambda: broker() == "ok", timeout=PATIENCE_MS)
    clock = SystemClock()
    mosquitto.pause()
    try:
        stopped_s = clock.monotonic_s()
        qtbot.waitUntil(lambda: broker() != "ok", timeout=PATIENCE_MS)
        assert (
            clock.monotonic_s() - stopped_s < 3 * 0.5 + 2
        )  # three heartbeats, and one look of each clock between
    finally:
        mosquitto.resume()
    qtbot.waitUntil(lambda: broker() == "ok", timeout=PATIENCE_MS)
