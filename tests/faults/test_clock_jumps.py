"""The clock jumps, or the machine sleeps: nothing is lost, doubled, emptied or begun again and again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from console import logs
from console.clock import ManualClock, SystemClock
from console.core import Core
from console.history.leap import Believed
from tests.end_to_end.whole import until
from tests.faults.core_process import settings
from tests.faults.kept import Promised, Verdict, check
from tests.faults.tally_broker import TallyBroker

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


class JumpingClock(SystemClock):
    """The machine's clocks, with a wall that can be moved and a monotonic clock that can leap."""

    def __init__(self) -> None:
        self.wall_ms = 0
        self.slept_s = 0.0

    def now_ms(self) -> int:
        return super().now_ms() + self.wall_ms

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self.slept_s


@pytest.mark.timeout(120)
def test_a_core_whose_clock_jumps_goes_on_and_keeps_everything_once(
    tmp_path: Path, totals: Callable[[str], None]
) -> None:
    logs.quiet()
    clock, verdict = JumpingClock(), Verdict()
    to_1970, past_2038 = -clock.now_ms() + DAY_MS, 2_208_988_800_000 - clock.now_ms()
    jumps = (HOUR_MS, 0, -HOUR_MS, DAY_MS, -DAY_MS, to_1970, past_2038, 365 * DAY_MS, 0)
    with TallyBroker(clock.now_ms() - HOUR_MS) as broker:
        core = Core(tmp_path, settings(broker.port), clock)
        try:
            core.start()
            until(lambda: broker.acknowledged)
            for jump in jumps:
                clock.wall_ms = jump
                before = len(broker.acknowledged)
                core._housekeeping.seal()
                core._housekeeping.retain()
                core._housekeeping.lamps()
                until(lambda before=before: len(broker.acknowledged) > before + 100)
                assert core.engine.state.word == "ok"
            clock.slept_s = 8 * 3600.0
            before = len(broker.acknowledged)
            until(lambda: len(broker.acknowledged) > before + 100)
            until(lambda: all(lamp.state == "ok" for lamp in core.ingest.lamps() if lamp.kind == "broker"))
        finally:
            core.stop()
        assert broker.clients <= 3, "the jumps broke the connection again and again"
        promised = Promised(numbers=set(broker.acknowledged))
    check(tmp_path, promised, verdict, SystemClock())
    what = f"{len(jumps)} jumps and a sleep, {len(promised)} acknowledged, {broker.clients} connections"
    totals(f"{what}: {verdict}")
    assert verdict.is_clean(), verdict.said


def test_a_clock_that_leapt_a_year_ahead_is_not_believed_for_a_day(tmp_path: Path) -> None:
    clock = ManualClock()
    believed = Believed(tmp_path, clock)
    began_ms = believed.now_ms()
    clock.set_wall(began_ms + 365 * DAY_MS)
    assert believed.now_ms() == began_ms
    clock.advance(12 * 3600)
    assert believed.now_ms() == began_ms + DAY_MS // 2
    clock.set_wall(began_ms + DAY_MS // 2)
    assert believed.now_ms() == began_ms + DAY_MS // 2


def test_a_clock_that_stays_ahead_is_believed_after_a_day_of_running_also_over_restarts(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    began_ms = Believed(tmp_path, clock).now_ms()
    clock.set_wall(began_ms + 365 * DAY_MS)
    for _ in range(3):
        believed = Believed(tmp_path, clock)
        assert believed.now_ms() < began_ms + 2 * DAY_MS
        clock.advance(8 * 3600)
        believed.now_ms()
    assert Believed(tmp_path, clock).now_ms() == clock.now_ms()


def test_a_clock_that_went_back_lets_nothing_go_that_it_would_not_now(tmp_path: Path) -> None:
    clock = ManualClock()
    believed = Believed(tmp_path, clock)
    began_ms = believed.now_ms()
    clock.set_wall(0)
    assert believed.now_ms() == 0
    clock.set_wall(began_ms)
    assert believed.now_ms() == began_ms
