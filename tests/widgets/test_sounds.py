"""The alarm sound."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from db.alarm_records import Alarm, AlarmState
from widgets.sounds import AlarmSound, QtSpeaker


class Speaker:
    """Keeps what was played."""

    is_present = True

    def __init__(self) -> None:
        self.played: list[int] = []

    def play(self, priority: int) -> None:
        self.played.append(priority)


def alarm(
    name: str, priority: int, state: AlarmState = AlarmState.UNACKNOWLEDGED, activation: int = 1
) -> Alarm:
    return Alarm(
        id=name, activation=activation, rule="r", kind="silent", source=name, quantity="", priority=priority,
        state=state, raised_ms=0, changed_ms=0,
    )  # fmt: skip


@pytest.fixture
def speaker() -> Speaker:
    return Speaker()


@pytest.fixture
def sound(speaker: Speaker, qapp: object) -> AlarmSound:
    return AlarmSound(speaker)


def test_the_worst_unacknowledged_alarm_sounds_and_repeats(sound: AlarmSound, speaker: Speaker) -> None:
    sound.follow([alarm("a", 3), alarm("b", 1), alarm("c", 1, AlarmState.ACKNOWLEDGED)])
    assert speaker.played == [1]
    assert sound.is_sounding
    sound._sound()
    assert speaker.played == [1, 1]


def test_it_stops_when_all_is_acknowledged(sound: AlarmSound) -> None:
    sound.follow([alarm("a", 3)])
    sound.follow([alarm("a", 3, AlarmState.ACKNOWLEDGED)])
    assert not sound.is_sounding


def test_silenced_it_is_quiet_until_a_new_alarm(sound: AlarmSound, speaker: Speaker) -> None:
    sound.follow([alarm("a", 3)])
    sound.silence()
    sound.follow([alarm("a", 3)])
    assert not sound.is_sounding
    sound.follow([alarm("a", 3), alarm("b", 4)])
    assert sound.is_sounding
    assert not sound.is_silenced


def test_the_same_alarm_raised_again_is_new(sound: AlarmSound) -> None:
    sound.follow([alarm("a", 3)])
    sound.silence()
    sound.follow([alarm("a", 3, activation=2)])
    assert sound.is_sounding


def test_without_a_sound_device_it_says_so(qapp: object) -> None:
    assert not AlarmSound(QtSpeaker()).is_present


def test_changes_alone_begin_and_end_the_sound(sound: AlarmSound, speaker: Speaker) -> None:
    sound.update([alarm("a", 2), alarm("b", 4)])
    assert speaker.played == [2]
    sound.update([alarm("a", 2, AlarmState.ACKNOWLEDGED)])
    assert sound.is_sounding
    sound.update([alarm("b", 4, AlarmState.NORMAL)])
    assert not sound.is_sounding


def test_trap_21_what_an_outage_explains_makes_no_sound(sound: AlarmSound, speaker: Speaker) -> None:
    sound.follow([replace(alarm("lamp", 1), suppressed_by="pole")])
    assert not sound.is_sounding
    sound.update([replace(alarm("lamp", 1), suppressed_by="")])
    assert speaker.played == [1]


def test_in_a_flood_one_tone_tells_of_it_and_then_only_critical_ones_sound(
    sound: AlarmSound, speaker: Speaker
) -> None:
    sound.update([alarm("a", 2)])
    speaker.played.clear()
    sound.set_flood(True)
    assert (speaker.played, sound.is_sounding) == ([2], False)
    sound.update([alarm(f"b{n}", 2) for n in range(50)])
    assert speaker.played == [2]
    sound.update([alarm("fire", 1)])
    assert (speaker.played, sound.is_sounding) == ([2, 1], True)
    sound.update([alarm("fire", 1, AlarmState.ACKNOWLEDGED)])
    assert not sound.is_sounding
    sound.set_flood(False)
    assert sound.is_sounding


def test_an_alarm_that_calls_again_is_heard_again(sound: AlarmSound, speaker: Speaker) -> None:
    first = replace(alarm("a", 3), annunciated_ms=1)
    sound.update([first])
    sound.silence()
    sound.update([first])
    assert not sound.is_sounding
    sound.update([replace(first, annunciated_ms=2)])
    assert sound.is_sounding
