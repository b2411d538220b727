"""What the board knows beside readings and alarms: crisis warnings, people on shift, facilities."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from apscheduler.schedulers.base import BaseScheduler

from console.crisis import Crises
from console.duty import Duty
from console.health.answers import FacilityAnswers
from console.health.record import SUM_UP_S, WRITE_S, FitnessLog
from console.health.rollup import Health
from console.link import Hello
from console.running import Running
from db.alarm_records import Rule
from db.asset_records import Asset


def fault_rules(rules: Sequence[Rule]) -> Collection[str]:
    """The rules whose alarms say that a device itself fails."""
    return {rule.id for rule in rules if rule.fault or rule.outage}


class Board:
    """These parts of one core, and when each of them looks."""

    def __init__(
        self, core: Running, assets: Sequence[Asset], health: Health, seats: Callable[[], Sequence[Hello]]
    ) -> None:
        zone = ZoneInfo(core.settings.site.timezone)
        self._core, self._health = core, health
        self.crises = Crises(
            core.settings.crisis, core.engine, core.open_ops_reader, core.open_feed_reader,
            core.newest.publish, core.clock,
        )  # fmt: skip
        self.duty = Duty(seats, core.engine, core.open_ops_reader, core.clock)
        self.fitness = FitnessLog(
            health.homes(), core.engine, core.open_ops_reader, self._is_listening, core.clock, zone
        )
        self._facilities = FacilityAnswers(core, assets, self.fitness)

    def questions(self) -> dict[str, tuple[type[msgspec.Struct], Callable[[Any], Any]]]:
        """What screens may ask of it."""
        return self._facilities.questions()

    def begin(self) -> None:
        """Start from what the stores hold; the tree has been told of it."""
        self.fitness.begin(self._health.fitness())

    def schedule(self, scheduler: BaseScheduler) -> None:
        """Put its jobs on the scheduler."""
        scheduler.add_job(self.crises.step, "interval", seconds=1, id="crisis")
        scheduler.add_job(self.duty.step, "interval", seconds=2, id="duty")
        scheduler.add_job(self.fitness.write, "interval", seconds=WRITE_S, id="fitness")
        scheduler.add_job(self.fitness.sum_up, "interval", seconds=SUM_UP_S, id="fitness-days")

    def stop(self) -> None:
        """Hand what was noted to the ops engine, which still runs."""
        self.fitness.write(wait_s=0)

    def _is_listening(self) -> bool:
        """Whether any broker is heard, or none is needed."""
        brokers = [lamp for lamp in self._core.ingest.lamps() if lamp.kind == "broker"]
        return not brokers or any(lamp.state in ("ok", "warn") for lamp in brokers)
