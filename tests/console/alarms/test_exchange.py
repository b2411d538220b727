"""Rules change while the engine runs: what they gathered otherwise does not count, what stands does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from db import alarms
from db.alarm_records import AlarmState, Rule
from db.asset_records import Asset
from tests.console.alarms.test_evaluate import Room

SLOW = Rule("slow", "threshold", above=10.0, on_delay_s=30.0)
MEAN = Rule("mean", "average", window_s=10.0, above=5.0)
QUIET = Rule("quiet", "silent", silent_s=60.0)
ASSETS = [Asset("v", "device", "V", source="never")]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path, [SLOW, MEAN], ASSETS)
    room.step()
    yield room
    room.close()


def change(room: Room, *rules: Rule) -> None:
    room.rules = list(rules)
    room.evaluator.exchange(rules)
    room.step()


def live(room: Room, seconds: int) -> None:
    for _ in range(seconds):
        room.clock.advance(1)
        room.step()


def state(room: Room, alarm: str) -> AlarmState | None:
    found = alarms.get(room.ops, alarm)
    return found.state if found is not None else None


def test_a_delay_that_has_begun_does_not_count_for_another_limit(room: Room) -> None:
    room.receive(("b", 11.0))
    live(room, 10)
    change(room, replace(SLOW, above=20.0))
    live(room, 60)
    assert state(room, "slow|b|q") is None


def test_a_delay_goes_on_when_only_words_change(room: Room) -> None:
    room.receive(("b", 11.0))
    live(room, 10)
    change(room, replace(SLOW, name="이름", version=2), MEAN)
    live(room, 30)
    found = alarms.get(room.ops, "slow|b|q")
    assert found is not None and (found.state, found.name) == (AlarmState.UNACKNOWLEDGED, "이름")
    assert found.rule_version == 2


def test_a_rule_with_another_window_judges_from_then_on(room: Room) -> None:
    room.receive(("b", 9.0))
    live(room, 2)
    change(room, replace(MEAN, window_s=0.02))
    for _ in range(9):
        room.receive(("b", 9.0))
        live(room, 2)
    assert state(room, "mean|b|q") is AlarmState.UNACKNOWLEDGED
    live(room, 40)  # what is gathered is kept every half a minute
    change(room, replace(MEAN, window_s=0.05))
    for _ in range(12):
        room.receive(("b", 1.0))
        live(room, 1)
    assert state(room, "mean|b|q") is AlarmState.RETURNED


def test_what_stands_by_a_rule_that_is_gone_returns_now(room: Room) -> None:
    room.receive(("b", 11.0))
    live(room, 40)
    change(room, MEAN)
    found = alarms.get(room.ops, "slow|b|q")
    assert found is not None and found.state is AlarmState.RETURNED
    assert found.returned_ms == room.clock.now_ms() > found.raised_ms


def test_a_rule_that_is_switched_off_judges_nothing(room: Room) -> None:
    change(room, replace(SLOW, on_delay_s=0.0, enabled=False))
    room.receive(("b", 11.0))
    live(room, 2)
    assert state(room, "slow|b|q") is None


def test_edits_that_are_known_at_the_start_take_nothing_away(room: Room) -> None:
    room.receive(("b", 11.0))
    live(room, 10)
    edited = replace(SLOW, above=10.5)
    change(room, edited, MEAN)
    room.receive(("b", 11.0))
    live(room, 10)
    room.rules = [SLOW, MEAN]
    room.kill()
    room.evaluator.exchange([edited, MEAN])
    room.step()
    live(room, 35)
    assert state(room, "slow|b|q") is AlarmState.UNACKNOWLEDGED


def test_a_rule_that_was_changed_in_the_settings_begins_anew_at_the_next_start(room: Room) -> None:
    room.receive(("b", 11.0))
    live(room, 10)
    room.rules = [replace(SLOW, above=20.0), MEAN]
    room.kill()
    live(room, 60)
    assert state(room, "slow|b|q") is None


def test_a_new_silence_waits_for_sources_that_never_spoke(room: Room) -> None:
    change(room, SLOW, MEAN, QUIET)
    live(room, 70)
    assert state(room, "quiet|never|") is AlarmState.UNACKNOWLEDGED


def test_an_exchange_that_was_never_committed_is_done_again(room: Room) -> None:
    room.receive(("b", 11.0))
    live(room, 10)
    room.evaluator.exchange([replace(SLOW, above=20.0)])
    room.step(plug=True)
    room.step()
    live(room, 60)
    assert state(room, "slow|b|q") is None
