"""The heartbeat's judgement, by a clock in hand."""

from __future__ import annotations

from console.feeds.heartbeat import Heartbeat


def test_a_link_is_well_for_three_heartbeats_after_a_proof() -> None:
    beat = Heartbeat("h", 2.0, "me")
    assert beat.state(0.0) == "bad"
    assert beat.take(beat.next(0.0), 0.1, 1000)
    assert [beat.state(at) for at in (0.1, 6.0, 6.2, 12.0, 12.2)] == ["ok", "ok", "warn", "warn", "bad"]
    assert beat.proved_ms == 1000


def test_an_old_echo_proves_nothing() -> None:
    beat = Heartbeat("h", 2.0, "me")
    old = beat.next(0.0)
    for at in range(1, 4):
        beat.next(at * 2.0)
    assert beat.take(old, 8.0, 1000)
    assert beat.proved_ms is None


def test_the_heartbeat_of_another_process_proves_nothing_and_is_no_message() -> None:
    beat = Heartbeat("h", 2.0, "me")
    beat.next(0.0)
    assert beat.take(b"another 1", 0.1, 1000)
    assert beat.proved_ms is None


def test_what_is_no_heartbeat_is_left_to_the_feeds() -> None:
    assert not Heartbeat("h", 2.0, "me").take(b'{"temperature": 7}', 0.1, 1000)


def test_a_new_connection_sends_its_first_beat_at_once() -> None:
    beat = Heartbeat("h", 2.0, "me")
    beat.next(0.0)
    assert not beat.is_due(1.9)
    beat.restart(1.9)
    assert beat.is_due(1.9)


def test_what_was_proved_on_an_older_connection_is_not_proved_on_a_new_one() -> None:
    beat = Heartbeat("h", 2.0, "me")
    old = beat.next(0.0)
    assert beat.take(old, 0.1, 1000)
    beat.restart(1.0)
    assert beat.state(1.0) == "bad"
    assert beat.take(old, 1.1, 2000)
    assert (beat.proved_s, beat.proved_ms) == (None, 1000), "a late echo of the older connection"
    beat.take(beat.next(1.2), 1.3, 3000)
    assert beat.state(1.3) == "ok"
