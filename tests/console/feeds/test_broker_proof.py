"""A broker's lamp that says ok means: what is published from now on arrives."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from console.clock import SystemClock
from console.feeds.session import Session
from tests.console.feeds.support import EVENTS, NUMBERED, Console
from tests.servers.mosquitto import Mosquitto

pytestmark = pytest.mark.needs("mosquitto")

AT = 1_800_000_000_000
MANY = replace(NUMBERED, topics=("t/#", *(f"other/{n}/+" for n in range(300))))


def publish(mosquitto: Mosquitto, since: int, count: int) -> None:
    """At once and without any confirmation: what the broker has no subscriber for is gone."""
    with mosquitto.client() as client:
        for n in range(since, since + count):
            client.publish(f"t/s{n}", b'{"at":%d,"n":%d}' % (AT + n, n), qos=0)
            client.publish(f"e/s{n}", b'{"at":%d,"n":1,"id":"e%d"}' % (AT + n, n), qos=0)
        client.publish("end", b"", qos=1).wait_for_publish(10)


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_what_is_published_right_after_ok_arrives_from_the_first_message_on(
    version: str, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    brokers = {"main": mosquitto.settings(version=version)}
    with Console(tmp_path, brokers, {"numbers": MANY, "events": EVENTS}) as console:
        console.wait_connected()
        publish(mosquitto, 0, 50)
        console.wait_received("numbers", 50)
        console.wait_received("events", 50)
        mosquitto.stop()
        console.wait_for(lambda: console.lamp("broker", "main").state != "ok", "it stayed ok")  # type: ignore[union-attr]
        for path in mosquitto.folder.glob("*.db"):
            path.unlink()  # the broker has forgotten our session
        mosquitto.start()
        told = len(console.told)
        console.wait_for(
            lambda: any(
                getattr(each, "kind", "") == "broker" and each.state == "ok" for each in console.told[told:]
            ),
            "it did not come back",
        )
        publish(mosquitto, 50, 50)
        console.wait_received("numbers", 100)
        console.wait_received("events", 100)


def test_no_beat_is_sent_before_the_broker_has_confirmed_every_topic(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    clock = SystemClock()
    session = Session("main", mosquitto.settings(), ["t/#"], "console-1", clock, "me")
    confirm, sent = session._on_subscribe, []
    session._client.on_subscribe = lambda *given: sent.append(given)
    try:
        _drive(session, lambda: bool(sent))
        assert session.is_ready
        assert session.heartbeat.is_due(clock.monotonic_s()), "it is due and waits for the topics"
        confirm(*sent[0])
        _drive(session, lambda: session.heartbeat.proved_s is not None)
        assert session.heartbeat.state(clock.monotonic_s()) == "ok"
        session.retopic(["t/#", "new/#"])
        assert session.heartbeat.proved_s is None, "of the new topic nothing is proved"
        _drive(session, lambda: len(sent) == 2)
        assert session.heartbeat.proved_s is None
        confirm(*sent[1])
        _drive(session, lambda: session.heartbeat.proved_s is not None)
    finally:
        session.close()


def _drive(session: Session, until: object) -> None:
    """What the ingest thread does, for at most ten seconds, and a few rounds more."""
    assert callable(until)
    clock = SystemClock()
    end_s, more = clock.monotonic_s() + 10, 20
    while more:
        assert clock.monotonic_s() < end_s
        session.tend()
        session.read(100)
        more -= 1 if until() else 0
