"""A hub has every alarm and incident of ours, whatever it answers, and we have our subscription."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from console.clock import ManualClock
from console.engine import Engine
from console.errors import Refused, Unavailable
from console.hub.client import HubClient
from console.hub.subscription import Subscription, identity
from console.hub.worker import HubWork
from console.settings_tables import Hub as HubSettings
from db import alarms, connection, entries, feed, hubs, ops, readings
from db.alarm_records import Alarm, AlarmState
from db.alarms import Watch
from db.records import Draft, Lamp, Reading, Record
from tests.servers.hub import Hub

KEY = bytes(range(32))
AT = 1_795_344_600_000
URI = "mqtt://broker.example:1883/ngsi/notify"


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as running:
        yield running


class Console:
    """A data folder with its ops engine; `work` is what the thread of a hub does."""

    def __init__(self, folder: Path, hub: Hub, *, is_new: bool = False, **more: Any) -> None:
        self.folder, self.clock, self.published = folder, ManualClock(AT), list[Record]()
        self.engine = Engine("ops", self._writer, self.published.extend, self.clock)
        self.engine.start()
        self.engine.call(lambda db: entries.set_identity(db, "console-1") and [])
        if not is_new:
            self.engine.call(lambda db: hubs.settle(db, "h", 0, (), ()) or [])
        self.settings = HubSettings(url=hub.url, **{"alerts": True, "timeout_s": 2.0, **more})
        self.works: list[HubWork] = []
        self.work = self.new_work()

    def new_work(self) -> HubWork:
        made = HubWork(
            "h", self.settings, self.engine, self.reader, self.feed_reader, self.clock, self.published.extend,
            self.folder,
        )  # fmt: skip
        self.works.append(made)
        return made

    def _writer(self) -> Database:
        return connection.open_writer(self.folder / "ops.db", KEY, ops.migrations)

    def reader(self) -> Database:
        return connection.open_reader(self.folder / "ops.db", KEY)

    def feed_reader(self) -> Database:
        return connection.open_reader(self.folder / "feed.db", KEY)

    def measured(self, source: str, value: float, at_ms: int) -> None:
        made = Reading(
            source=source,
            quantity="temperature",
            value=value,
            observed_ms=at_ms,
            received_ms=at_ms,
            unit="Cel",
        )
        db = connection.open_writer(self.folder / "feed.db", KEY, feed.migrations)
        with db.conn:
            readings.add(db, "f", [made])
        db.close()

    def say(self, *drafts: Draft) -> None:
        def job(db: Database) -> list[Record]:
            for each in drafts:
                entries.append(db, each)
            return []

        self.engine.call(job)

    def stands(self, draft: Draft) -> None:
        """An entry of an alarm, and the alarm as it is then."""
        said = draft.payload
        made = Alarm(
            id=draft.subject, activation=said["activation"], rule="dust", kind="threshold",
            source=said["source"], quantity="pm10", priority=2, state=AlarmState(said["state"]),
            raised_ms=AT, changed_ms=AT, name="미세먼지 높음", suppressed_by=said.get("suppressed_by", ""),
        )  # fmt: skip

        def job(db: Database) -> list[Record]:
            entries.append(db, draft)
            alarms.put_watches(db, [Watch(made.id, alarm=made)], alarms.next_act(db))
            return []

        self.engine.call(job)

    def raised(self, *sources: str) -> None:
        self.say(*(alarm("raised", each) for each in sources))

    def step(self, times: int = 1) -> Lamp:
        """So many meetings, each after whatever pause the last one asked for."""
        for _ in range(times):
            self.clock.advance(120)
            self.work.step(lambda _: False)
        return [each for each in self.published if isinstance(each, Lamp)][-1]

    def unsent(self) -> int:
        db = self.reader()
        try:
            return hubs.backlog(db, "h").unsent
        finally:
            db.close()

    def parked(self) -> list[str]:
        db = self.reader()
        try:
            return [each.entity for each in hubs.parked(db, "h")]
        finally:
            db.close()


@pytest.fixture
def console(tmp_path: Path, hub: Hub) -> Iterator[Callable[..., Console]]:
    made: list[Console] = []

    def make(**more: Any) -> Console:
        made.append(Console(tmp_path, hub, **more))
        return made[-1]

    yield make
    hub.release.set()
    for each in made:
        each.engine.stop()
        for work in each.works:
            work.close()


def alarm(verb: str, source: str, state: str = "unacknowledged", activation: int = 1) -> Draft:
    payload: dict[str, Any] = {
        "activation": activation, "state": state, "priority": 2, "rule": "dust", "source": source,
        "quantity": "pm10",
    }  # fmt: skip
    if verb == "raised":
        payload |= {"kind": "threshold", "name": "미세먼지 높음", "place": "종로 1가", "value": 181.0,
                    "unit": "ug/m3", "limit": 150.0, "observed_ms": AT - 1000}  # fmt: skip
    return Draft(f"alarm.{verb}", f"dust|{source}|pm10", AT, "system", payload)


def named(hub: Hub, source: str) -> dict[str, Any]:
    (found,) = [each for key, each in hub.entities.items() if f"%7C{source}%7C" in key]
    return found


def test_an_alarm_becomes_an_alert_and_its_return_changes_the_same_alert(
    hub: Hub, console: Callable[..., Console]
) -> None:
    mine = console()
    mine.raised("a1")
    lamp = mine.step()
    alert = named(hub, "a1")
    assert alert["id"].startswith("urn:ngsi-ld:Alert:console-1")
    assert (alert["category"]["value"], alert["subCategory"]["value"]) == ("environment", "airPollution")
    assert (alert["severity"]["value"], alert["status"]["value"]) == ("high", "unacknowledged")
    assert alert["validFrom"]["value"]["@value"] == "2026-11-22T10:49:59.000Z"
    assert "validTo" not in alert
    assert (lamp.state, mine.unsent()) == ("ok", 0)
    mine.say(alarm("returned", "a1", "returned"))
    mine.step()
    assert len(hub.entities) == 1
    assert named(hub, "a1")["status"]["value"] == "returned"
    assert named(hub, "a1")["validTo"]["value"]["@value"] == "2026-11-22T10:50:00.000Z"
    assert named(hub, "a1")["description"] == alert["description"], "what was said before stays"
    assert hub.asked[0][3]["Content-Type"] == "application/ld+json"


def test_a_second_activation_is_another_alert(hub: Hub, console: Callable[..., Console]) -> None:
    mine = console()
    mine.say(alarm("raised", "a1"), alarm("raised", "a1", activation=2))
    mine.step()
    assert len(hub.entities) == 2


@pytest.mark.parametrize("fault", [500, 503, 429, 401, 404, "hang", "cut", "lost"])
def test_what_the_hub_did_not_answer_for_is_sent_again(
    fault: int | str, hub: Hub, console: Callable[..., Console]
) -> None:
    mine = console(timeout_s=0.3)
    mine.raised("a1", "a2")
    hub.faults = [fault]
    mine.clock.advance(40)
    lamp = mine.step()
    assert lamp.state == "bad"
    assert mine.unsent() == 2
    assert "2 entries unsent, the oldest is 160 s old" in lamp.detail
    assert mine.step().state == "ok"
    assert (len(hub.entities), mine.unsent(), mine.parked()) == (2, 0, [])


@pytest.mark.parametrize("whole", [False, True])
def test_a_refused_entity_is_parked_in_sight_and_the_rest_goes_on(
    whole: bool, hub: Hub, console: Callable[..., Console]
) -> None:
    mine = console()
    mine.raised(*(f"s{n}" for n in range(20)))
    hub.whole, hub.refuses = whole, lambda each: "%7Cs13%7C" in each["id"]
    lamp = mine.step()
    assert len(hub.entities) == 19
    (entity,) = mine.parked()
    assert "%7Cs13%7C" in entity
    assert lamp.state == "warn"
    assert "1 refused" in lamp.detail
    assert "fit" in lamp.detail
    hub.refuses = lambda _: False
    mine.say(alarm("acknowledged", "s13", "acknowledged"))
    mine.step()
    assert (mine.parked(), len(hub.entities)) == ([], 20)


def test_many_entries_go_in_batches_and_a_new_start_goes_on_where_the_last_one_was(
    hub: Hub, console: Callable[..., Console]
) -> None:
    mine = console()
    mine.raised(*(f"s{n}" for n in range(450)))
    mine.step()
    assert mine.unsent() == 250
    mine.work = mine.new_work()  # as after a kill
    mine.step(2)
    assert (len(hub.entities), mine.unsent()) == (450, 0)
    sent = [each["id"] for _, path, body, _ in hub.asked if "upsert" in path for each in body]
    assert len(sent) == 450, "nothing that the hub had confirmed went twice"


def test_a_kill_between_the_answer_and_the_mark_costs_one_batch_that_changes_nothing(
    hub: Hub, console: Callable[..., Console]
) -> None:
    mine = console()
    mine.raised("a1")
    hub.faults = ["lost"]
    mine.step()
    before = dict(hub.entities)
    mine.work = mine.new_work()
    mine.step()
    assert len(before) == 1
    assert hub.entities == before
    assert mine.unsent() == 0


def test_a_city_data_hub_gets_its_data_set(hub: Hub, console: Callable[..., Console]) -> None:
    mine = console(dataset="alerts", tenant="jongno")
    mine.raised("a1")
    mine.step()
    _, _, body, headers = hub.asked[0]
    assert body["datasetId"] == "alerts"
    assert headers["NGSILD-Tenant"] == "jongno"
    assert len(hub.entities) == 1


def test_a_subscription_is_made_once_found_again_and_renewed_before_it_ends(
    hub: Hub, console: Callable[..., Console]
) -> None:
    mine = console(types=("Alert",), endpoint=URI, expires_hours=1.0)
    mine.step(3)
    (made,) = hub.subscriptions.values()
    assert made["notification"]["endpoint"]["uri"] == URI
    posts = [path for method, path, _, _ in hub.asked if (method, path) == ("POST", "/subscriptions")]
    assert len(posts) == 1
    first = made["expiresAt"]
    mine.work = mine.new_work()  # a new start finds it by its id
    mine.step()
    assert next(iter(hub.subscriptions.values()))["expiresAt"] == first
    mine.clock.advance(1900)
    mine.step()
    assert len(hub.subscriptions) == 1
    assert next(iter(hub.subscriptions.values()))["expiresAt"] > first
    hub.subscriptions.clear()  # the hub forgot it
    mine.step()
    assert len(hub.subscriptions) == 1


def test_a_subscription_that_the_hub_refuses_holds_up_no_alert(
    hub: Hub, console: Callable[..., Console]
) -> None:
    mine = console(types=("Alert",), endpoint=URI)
    mine.raised("a1")
    hub.faults = [204, 400]  # the upsert is answered without being done, the question is refused
    assert mine.step().state == "bad"
    assert mine.unsent() == 0
    mine.raised("a2")
    mine.step()
    assert [key for key in hub.entities if "a2" in key]


def test_a_subscription_is_removed_on_request(hub: Hub, tmp_path: Path) -> None:
    settings = HubSettings(url=hub.url, types=("Alert",), endpoint=URI)
    client = HubClient("h", settings, ManualClock(AT), tmp_path)
    mine = Subscription("h", settings, "console-1", client, ManualClock(AT))
    assert [mine.ensure(), mine.ensure()] == ["made", "found"]
    assert list(hub.subscriptions) == [identity("console-1", "h")]
    mine.remove()
    mine.remove()
    assert hub.subscriptions == {}
    client.close()


def test_what_a_hub_will_not_do_and_what_it_cannot_do_now_are_told_apart(hub: Hub, tmp_path: Path) -> None:
    settings = HubSettings(url=hub.url)
    client = HubClient("h", settings, ManualClock(AT), tmp_path)
    hub.faults = [422, 502, 302]
    with pytest.raises(Refused):
        client.subscribe({"id": "urn:x:1"})
    with pytest.raises(Unavailable, match="502"):
        client.subscribe({"id": "urn:x:1"})
    with pytest.raises(Unavailable, match="302"):
        client.upsert([{"id": "urn:x:1", "type": "Alert"}])
    client.close()


def test_without_types_our_subscription_is_taken_away(hub: Hub, console: Callable[..., Console]) -> None:
    mine = console(types=("Alert",), endpoint=URI)
    mine.step()
    assert len(hub.subscriptions) == 1
    mine.settings = HubSettings(url=hub.url, endpoint=URI)
    mine.work = mine.new_work()
    mine.step()
    assert hub.subscriptions == {}


def test_types_without_an_endpoint_are_a_fault_of_the_settings() -> None:
    with pytest.raises(ValueError, match="endpoint"):
        HubSettings(url="http://hub", types=("Alert",))


def test_the_newest_value_of_each_series_goes_out_once_and_again_when_it_changes(
    hub: Hub, console: Callable[..., Console]
) -> None:
    mine = console(alerts=False, readings=("s*",))
    mine.measured("s1", 21.5, AT)
    mine.measured("x1", 3.0, AT)
    hub.faults = [503]
    assert mine.step().state == "bad"
    mine.step(2)
    (sent,) = hub.entities.values()
    assert sent["type"] == "DeviceMeasurement"
    assert (sent["numValue"]["value"], sent["numValue"]["unitCode"]) == (21.5, "CEL")
    assert sent["numValue"]["observedAt"] == "2026-11-22T10:50:00.000Z"
    assert len(hub.asked) == 2, "the one that failed and the one that did not"
    mine.measured("s1", 22.0, AT + 60_000)
    mine.step()
    assert [each["numValue"]["value"] for each in hub.entities.values()] == [22.0]


def test_a_new_hub_is_told_of_what_stands_and_not_of_what_has_been(
    hub: Hub, console: Callable[..., Console]
) -> None:
    mine = console(is_new=True)
    for source in ("gone", "stands"):
        mine.stands(alarm("raised", source))
    mine.stands(alarm("normal", "gone", "normal"))
    hub.faults = [503]
    assert mine.step().state == "bad"
    mine.step(2)
    (sent,) = hub.entities.values()
    assert "stands" in sent["id"]
    mine.raised("new")
    mine.step()
    assert (len(hub.entities), mine.unsent()) == (2, 0)


def test_alarms_that_another_one_explains_can_be_left_out(hub: Hub, console: Callable[..., Console]) -> None:
    mine = console(leave_out_suppressed=True)
    for source in ("a1", "a2"):
        child = alarm("raised", source)
        child.payload["suppressed_by"] = "pole"
        mine.stands(child)
    mine.raised("a3")
    mine.stands(alarm("normal", "a1", "normal"))
    mine.step()
    assert ["a3" in each for each in hub.entities] == [True]
    mine.work = mine.new_work()
    mine.stands(alarm("acknowledged", "a2", "acknowledged"))
    mine.step()
    assert len(hub.entities) == 1
    mine.stands(alarm("released", "a2"))
    mine.stands(alarm("returned", "a2", "returned"))
    mine.step()
    assert len(hub.entities) == 2
    found = named(hub, "a2")
    assert found["description"]["value"], "it is told of whole"
    assert found["status"]["value"] == "returned"


def test_a_log_full_of_what_is_not_ours_is_passed_over_once(
    hub: Hub, console: Callable[..., Console], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "STRIDE", 10)
    mine = console()
    mine.say(*(Draft("audit.noted", "x", AT, "system", {}) for _ in range(30)))
    mine.step()
    db = mine.reader()
    try:
        assert hubs.mark(db, "h") == 30
    finally:
        db.close()
    mine.raised("a1")
    mine.step()
    assert len(hub.entities) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("쓰러짐", ("health", "fallenPatient")),
        ("싸움", ("security", "assault")),
        ("방화", ("security", "buildingFire")),
        ("침입", ("security", "suspiciousAction")),
        ("알 수 없음", ("security", "other")),
    ],
)
def test_what_video_saw_says_of_what_category_its_alert_is(
    hub: Hub, console: Callable[..., Console], text: str, expected: tuple[str, str]
) -> None:
    mine = console()
    payload = {"activation": 1, "state": "unacknowledged", "priority": 1, "rule": "video-danger",
               "source": "c7", "quantity": "", "kind": "event", "name": "영상분석: 위험 행동",
               "text": text}  # fmt: skip
    mine.say(Draft("alarm.raised", "video-danger|c7|", AT, "system", payload))
    mine.step()
    alert = named(hub, "c7")
    assert (alert["category"]["value"], alert["subCategory"]["value"]) == expected
