"""Every write and every fsync of a work fails once, or is the last thing the process does.

The works are those that promise something: a burst from the broker, acts with
attachments, sealing, the migration of the first release's files, a backup. After
each fault the stores open, hold all that was promised, once, and no half of anything.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from console.backup import backups
from console.clock import ManualClock, SystemClock
from db import connection, entries, feed, ops, readings
from db.records import Draft, Reading
from tests.faults import calls
from tests.faults.calls import Ended, Fault
from tests.faults.kept import Promised, Verdict, check, numbers
from tests.faults.nth_process import KEY
from tests.faults.tally_broker import TallyBroker

OLD = Path(__file__).resolve().parents[1] / "old_databases" / "0.1.0"
SEALED, OF_OLD, PUBLISHED = 3000, 3204, 120
FEW = 14  # faults of a work in the short form

pytestmark = pytest.mark.skipif(bool(calls.why_not()), reason=calls.why_not() or "it can")


@dataclass
class Work:
    """A work, the folder it begins with, and what is looked at afterwards."""

    name: str
    template: Path
    outcome: Verdict = field(default_factory=Verdict)
    odd: list[str] = field(default_factory=list)

    def run(self, folder: Path, fault: Fault | None) -> dict[str, int]:
        """Once, on a fresh folder; the counted calls where there is no fault."""
        data = folder / "data"
        shutil.rmtree(data, ignore_errors=True)
        shutil.copytree(self.template, data)
        if self.name == "ingest":
            with TallyBroker(SystemClock().now_ms() - 3_600_000, most=PUBLISHED) as broker:
                return self._run(folder, fault, broker)
        return self._run(folder, fault, None)

    def _run(self, folder: Path, fault: Fault | None, broker: TallyBroker | None) -> dict[str, int]:
        def during(ended: Callable[[], bool]) -> None:
            clock = SystemClock()
            end_s = clock.monotonic_s() + 20
            while broker and not broker.wait_for_all(0.05) and not ended() and clock.monotonic_s() < end_s:
                pass

        port = broker.port if broker else 0
        data = folder / "data"
        program = ["tests.faults.nth_process", self.name, str(data), str(port)]
        if fault is None:
            return calls.count(program, folder / "calls", during)
        ended = calls.disturb(program, fault, during)
        heard = broker.acknowledged if broker else set()
        if ended.status not in (0, 3, -9, 137):
            self.odd.append(f"{fault}: {ended.status} {ended.complaint[-300:]}")
        promised = Promised(numbers=set(heard))
        promised.take(ended.said)
        if fault.how != "KILL" and self.name == "ingest" and ended.status == 0 and len(heard) < PUBLISHED:
            self.odd.append(f"{fault}: only {len(heard)} of {PUBLISHED} were acknowledged in the end")
        CHECKS[self.name](data, promised, ended, self.outcome, str(fault))
        return {}


def look_core(data: Path, promised: Promised, ended: Ended, verdict: Verdict, when: str) -> None:
    check(data, promised, verdict, SystemClock(), when)


def look_sealed(data: Path, promised: Promised, ended: Ended, verdict: Verdict, when: str) -> None:
    with closing(connection.open_writer(data / "feed.db", KEY, feed.migrations)) as db:
        found = numbers(db)
    if set(found) != set(range(SEALED)) or sum(found.values()) != SEALED:
        verdict.readings_lost += SEALED - len(found)
        verdict.doubled += sum(found.values()) - len(found)
        verdict.note(f"{when}: {len(found)} of {SEALED} readings, {sum(found.values())} rows")


def look_migrated(data: Path, promised: Promised, ended: Ended, verdict: Verdict, when: str) -> None:
    with closing(connection.open_writer(data / "feed.db", KEY, feed.migrations)) as db:
        count = db.conn.execute(
            "SELECT (SELECT count(*) FROM reading) + (SELECT coalesce(sum(readings), 0) FROM chunk)"
        ).fetchone()[0]
    with closing(connection.open_writer(data / "ops.db", KEY, ops.migrations)) as db:
        broken = entries.verify(db)
        acts = len(list(entries.every(db)))
    with closing(connection.open_reader(OLD / "ops.db", KEY)) as db:
        before = db.conn.execute("SELECT count(*) FROM entry").fetchone()[0]
    if (count, broken, acts) != (OF_OLD, None, before):
        verdict.corrupt += 1
        verdict.note(f"{when}: {count} readings, {acts} entries of {before}, {broken}")


def look_backed_up(data: Path, promised: Promised, ended: Ended, verdict: Verdict, when: str) -> None:
    if connection.faults(data / "ops.db", KEY):
        verdict.corrupt += 1
        verdict.note(f"{when}: the store itself was damaged")
    listed = {path.name for path in backups.verified(data / "backups")}
    said = {line.removeprefix("made ") for line in ended.said if line.startswith("made ")}
    bad = [
        path.name
        for path in backups.verified(data / "backups")
        if backups.verify(path, KEY, ManualClock()).verified_ms is None
    ]
    if said - listed or bad:
        verdict.corrupt += 1
        verdict.note(f"{when}: said {said}, listed {listed}, bad {bad}")


CHECKS = {
    "ingest": look_core,
    "save": look_core,
    "seal": look_sealed,
    "migrate": look_migrated,
    "backup": look_backed_up,
}


def template_of(name: str, folder: Path) -> Path:
    """The data folder that a work begins with."""
    folder.mkdir()
    if name == "seal":
        now_ms = SystemClock().now_ms()
        with closing(connection.open_writer(folder / "feed.db", KEY, feed.migrations)) as db, db.atomic():
            many = [
                Reading(
                    source=f"s{n % 5}",
                    quantity="n",
                    value=float(n),
                    unit="",
                    observed_ms=at_ms,
                    received_ms=at_ms,
                )
                for n, at_ms in ((n, now_ms - 3 * 86_400_000 + n * 60_000) for n in range(SEALED))
            ]
            readings.add(db, "numbers", many)
    elif name == "migrate":
        for store in ("feed.db", "ops.db"):
            shutil.copy(OLD / store, folder / store)
    elif name == "backup":
        with closing(connection.open_writer(folder / "ops.db", KEY, ops.migrations)) as db, db.atomic():
            for n in range(200):
                entries.append(
                    db, Draft(type="incident.noted", subject="x", at_ms=n, actor="a", payload={"n": n})
                )
    return folder


def disturb_all(name: str, folder: Path, seed: int, few: int | None, say: Callable[[str], None]) -> None:
    work = Work(name, template_of(name, folder / "template"))
    most = work.run(folder, None)
    faults = calls.every(most)
    chosen = faults if few is None else random.Random(seed).sample(faults, min(few, len(faults)))
    for fault in chosen:
        work.run(folder, fault)
    came = f"{work.outcome}, odd ends {len(work.odd)}"
    say(f"seed {seed}: {len(chosen)} of {len(faults)} faults at {most}: {came}")
    assert work.outcome.is_clean(), work.outcome.said
    assert not work.odd, work.odd


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", CHECKS)
def test_a_call_that_fails_or_is_the_last_loses_nothing(
    name: str, tmp_path: Path, seed: int, totals: Callable[[str], None]
) -> None:
    disturb_all(name, tmp_path, seed, FEW, totals)


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("name", CHECKS)
def test_every_call_that_fails_or_is_the_last_loses_nothing(
    name: str, tmp_path: Path, seed: int, totals: Callable[[str], None]
) -> None:
    disturb_all(name, tmp_path, seed, None, totals)
