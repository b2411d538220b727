"""What the doctor finds at brokers as they come, with our profiles, and over a kill."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from console.clock import SystemClock
from console.doctor import parking
from console.doctor.broker import BrokerExamination, is_loopback
from console.doctor.cli import Wishes, _restarted, _run_command, _to_restart
from console.doctor.finding import Finding
from console.errors import ConsoleError, SettingsError, Unavailable
from console.settings import Broker, Feed, Settings
from console.tasks import Cancelled
from tests.console.feeds.support import NUMBERED, Console
from tests.servers.mosquitto import Mosquitto, program
from tests.servers.nats import Nats

CLOCK = SystemClock()
A_FEW = 1300  # more than mosquitto keeps by default


def examine(broker: Broker, messages: int = A_FEW, topics: tuple[str, ...] = ("t/#",)) -> dict[str, Finding]:
    settings = Settings(brokers={"main": broker}, feeds={"numbers": Feed(topics=topics)})
    found = BrokerExamination("main", settings, CLOCK).findings(messages, lambda done, total: None)
    return {each.name.removesuffix(" main"): each for each in found}


def restarted(broker: Broker, restart: Callable[[], None]) -> Finding:
    return BrokerExamination("main", Settings(brokers={"main": broker}), CLOCK).restart(restart, time.sleep)


def codes(found: dict[str, Finding]) -> dict[str, str]:
    return {name: finding.code for name, finding in found.items() if finding.state in ("warn", "bad")}


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Mosquitto]:
    if program() is None:
        pytest.skip("mosquitto is not installed")
    broker = Mosquitto(tmp_path / "bare", bare=True)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_mosquitto_as_it_comes_drops_what_waits_beyond_a_thousand(bare: Mosquitto, version: str) -> None:
    found = examine(bare.settings(version=version))
    assert codes(found)["queue"] == "queue-loses"
    assert found["queue"].facts["published"] == A_FEW
    assert 1000 <= found["queue"].facts["delivered"] <= 1020
    assert "max_queued_messages" in found["queue"].remedy
    assert codes(found)["log-in"] == "anonymous"


@pytest.mark.needs("mosquitto")
def test_a_mosquitto_as_it_comes_forgets_the_session_when_killed(bare: Mosquitto) -> None:
    found = restarted(bare.settings(), lambda: (bare.kill(), bare.start())[-1])  # type: ignore[func-returns-value]
    assert (found.code, found.facts["delivered"]) == ("restart-session", 0)
    assert "persistence true" in found.remedy


@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_our_mosquitto_profile_keeps_all_and_in_order(mosquitto: Mosquitto, version: str) -> None:
    found = examine(mosquitto.settings(version=version))
    assert codes(found) == ({"write rights": "acl-write-free"} if version == "5" else {})
    assert found["queue"].facts["delivered"] == A_FEW
    assert found["in flight"].facts["window"] == A_FEW
    assert found["mqtt"].facts["spoken"] == "5, 3.1.1"
    assert found["message size"].facts["passed"] == 1024


@pytest.mark.needs("mosquitto")
def test_our_mosquitto_profile_keeps_all_over_an_orderly_restart(mosquitto: Mosquitto) -> None:
    found = restarted(mosquitto.settings(), lambda: (mosquitto.stop(), mosquitto.start())[-1])  # type: ignore[func-returns-value]
    assert (found.state, found.facts["delivered"]) == ("ok", parking.RESTART_MESSAGES)


@pytest.mark.needs("mosquitto")
def test_a_killed_mosquitto_has_what_it_had_saved_and_not_what_came_after(mosquitto: Mosquitto) -> None:
    stored = mosquitto.folder / "mosquitto.db"

    def unsaved() -> None:
        mosquitto.kill()
        mosquitto.start()

    def saved() -> None:
        before = stored.stat().st_mtime_ns if stored.exists() else 0
        mosquitto.save()
        deadline = time.monotonic() + 10
        while not stored.exists() or stored.stat().st_mtime_ns == before:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        unsaved()

    assert restarted(mosquitto.settings(), saved).facts["delivered"] == parking.RESTART_MESSAGES
    assert restarted(mosquitto.settings(), unsaved).state == "bad"


@pytest.mark.needs("nats-server")
def test_our_nats_profile_keeps_all_and_in_order(nats: Nats) -> None:
    found = examine(nats.settings())
    assert codes(found) == {}
    assert found["queue"].facts["delivered"] == A_FEW
    assert found["in flight"].facts["window"] >= 500
    assert found["mqtt"].facts["spoken"] == "3.1.1"


@pytest.mark.needs("nats-server")
@pytest.mark.parametrize("end", [Nats.stop, Nats.kill])
def test_our_nats_profile_keeps_all_over_a_restart_and_a_kill(
    nats: Nats, end: Callable[[Nats], None]
) -> None:
    def restart() -> None:
        end(nats)
        nats.start()

    found = restarted(nats.settings(), restart)
    assert (found.state, found.facts["delivered"]) == ("ok", parking.RESTART_MESSAGES)


@pytest.mark.needs("nats-server")
def test_settings_for_mqtt_5_at_a_nats_server_say_what_is_wrong(nats: Nats) -> None:
    found = examine(nats.settings(version="5"))
    assert found["broker"].state == "bad"
    assert "protocol version" in found["broker"].found


@pytest.mark.needs("nats-server")
def test_a_nats_server_keeps_what_comes_while_the_console_is_away(tmp_path: Path, nats: Nats) -> None:
    brokers = {"main": nats.settings()}
    with Console(tmp_path, brokers, {"numbers": NUMBERED}) as console:
        console.wait_connected()
    publisher = nats.settings(username="sensor")
    with parking.Visit(publisher, CLOCK, "sensor") as visit:
        payloads = [msgspec.json.encode({"at": 1_800_000_000_000 + n, "n": n}) for n in range(1500)]
        assert visit.publish_all("t/a", payloads, timeout_s=30, told=lambda done: None) == 1500
    with Console(tmp_path, brokers, {"numbers": NUMBERED}) as console:
        console.wait_received("numbers", 1500)
        counts = console.counts("numbers")
    assert (counts.stored, counts.quarantined) == (1500, 0)
    assert [each.reading.value for each in console.committed] == [float(n) for n in range(1500)]


@pytest.mark.needs("mosquitto")
def test_tls_is_told_with_the_days_that_its_certificate_has_left(mosquitto_tls: Mosquitto) -> None:
    found = examine(mosquitto_tls.settings(), messages=10)
    assert (found["tls"].code, found["tls"].facts["days"]) == ("tls-ends", 1)
    assert found["tls"].facts["version"].startswith("TLSv1.")


@pytest.mark.needs("mosquitto")
def test_a_certificate_for_another_host_is_named(mosquitto_tls: Mosquitto) -> None:
    found = examine(mosquitto_tls.settings(host="127.0.0.2"), messages=10)
    assert (found["tls"].code, found["broker"].state) == ("tls-fails", "bad")
    assert "127.0.0.2" in found["tls"].found


@pytest.mark.needs("mosquitto")
def test_nothing_stays_at_the_broker_also_when_cancelled(mosquitto: Mosquitto) -> None:
    def cancel(done: int, total: int) -> None:
        if done > total // 3:
            raise Cancelled("cancelled")

    own = parking.Lot(mosquitto.settings(), CLOCK)
    with pytest.raises(Cancelled), parking.cleared(own):
        own.park(1000, cancel)
    with parking.Visit(mosquitto.settings(), CLOCK, own.client_id, keep_s=0) as visit:
        assert not visit.session_present


def test_a_broker_that_never_comes_back_is_told() -> None:
    with pytest.raises(ConsoleError):
        parking.over_a_restart(Broker(port=1), CLOCK, lambda: None, time.sleep, back_within_s=0.2)


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("10.0.0.5", False), ("mq", False)],
)
def test_only_this_machine_needs_no_tls(host: str, local: bool) -> None:
    assert is_loopback(host) is local


@pytest.mark.needs("mosquitto")
def test_the_command_line_restarts_a_broker_by_the_command_that_it_is_given(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    settings = Settings(brokers={"main": mosquitto.settings()})
    assert _restarted("main", settings, Wishes(restart="true")).code == "restart"
    with pytest.raises(Unavailable, match="ended with 1"):
        _run_command("false")
    with pytest.raises(SettingsError, match="allowed: main"):
        _to_restart(settings, Wishes(restart="true", broker="other"))
