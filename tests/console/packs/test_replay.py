"""Replay files: their times are filled in, their pace is kept, their faults are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.clock import SystemClock
from console.errors import Refused, SettingsError
from console.packs.playing import address, play, together
from console.packs.replay import Line, filled, lines

AT = 1_795_309_292_123  # 2026-11-22 10:01:32.123 in Seoul


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("{{iso}}", "2026-11-22T10:01:32.123+09:00"),
        ("{{iso_s}}", "2026-11-22T10:01:32+09:00"),
        ("{{iso_z}}", "2026-11-22T01:01:32Z"),
        ("{{iso_comma}}", "2026-11-22T10:01:32,123+09:00"),
        ("{{epoch_ms}}", "1795309292123"),
        ("{{epoch_s|+60}}", "1795309352"),
        ("{{%Y%m%d%H%M|-60}}", "202611221000"),
        ('{"a":{"b":1}}', '{"a":{"b":1}}'),
    ],
)
def test_marks_become_times(text: str, made: str) -> None:
    assert filled(text, AT) == made


class StillClock(SystemClock):
    def __init__(self) -> None:
        self.at_s = 0.0

    def now_ms(self) -> int:
        return AT + round(self.at_s * 1000)

    def monotonic_s(self) -> float:
        return self.at_s


def test_a_replay_keeps_its_pace_and_its_last_message_is_of_now() -> None:
    clock, sent = StillClock(), list[tuple[float, bytes]]()

    def wait(seconds: float) -> None:
        clock.at_s += seconds

    messages = [
        Line(0, "a", "{{epoch_ms}}"),
        Line(60_000, "a", "{{epoch_ms}}"),
        Line(120_000, "a", "{{epoch_ms}}"),
    ]
    play(messages, lambda topic, payload: sent.append((clock.at_s, payload)), clock, speed=60, wait=wait)
    assert [at for at, _ in sent] == [0, 1, 2]
    times = [int(payload) for _, payload in sent]
    assert [times[1] - times[0], times[2] - times[1]] == [60_000, 60_000]
    assert times[-1] == clock.now_ms()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"after_ms":0,"topic":"a"}', "line 1: key payload: found both or neither"),
        ('{"after_ms":0,"topic":"a","payload":"x","payload_b64":"eA=="}', "both or neither"),
        ('{"after_ms":0,"topic":"a","payload_b64":"*"}', "is not base64"),
        (
            '{"after_ms":5,"topic":"a","payload":"x"}\n{"after_ms":4,"topic":"a","payload":"x"}',
            "found 4; 5 or more",
        ),
        ("nonsense", "line 1: "),
    ],
)
def test_a_fault_of_a_replay_names_its_line(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "x.ndjson"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"x\.ndjson") as caught:
        list(lines(path))
    assert found in str(caught.value)


def test_bytes_travel_as_base64() -> None:
    assert Line(0, "a", payload_b64="AAH/").bytes_at(AT) == b"\x00\x01\xff"


def test_all_replays_together_come_in_the_order_of_their_times() -> None:
    found = [line.after_ms for line in together(["all"], None)]
    assert found == sorted(found) and len(found) > 3000


@pytest.mark.parametrize("text", ["localhost", ":1883", "a:0", "a:x", "a:70000"])
def test_an_address_without_host_or_port_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        address(text)
