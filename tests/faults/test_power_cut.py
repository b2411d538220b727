"""The plug is pulled, on a real file system: what was acknowledged is there after the next start.

The same with a store that promises more than it keeps (`synchronous=NORMAL`)
must lose rows; if that loses none the test itself is blind.
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from console.clock import SystemClock
from tests.faults import image
from tests.faults.image import Image
from tests.faults.kept import Promised, Verdict, check
from tests.faults.tally_broker import TallyBroker

ROOT = Path(__file__).resolve().parents[2]
CYCLES_OF_AN_IMAGE = 8
LONGEST_S = 0.3
IN_START = 0.2  # of the cuts come before the first acknowledgement, or about then

pytestmark = pytest.mark.skipif(bool(image.why_not()), reason=image.why_not() or "it can")


@dataclass
class Totals:
    """What many cuts came to."""

    cycles: int = 0
    readings: int = 0
    acts: int = 0
    files: int = 0
    verdict: Verdict = field(default_factory=Verdict)


def one_cycle(
    disk: Image, broker: TallyBroker, promised: Promised, chance: random.Random, name: str, how: str
) -> None:
    """A core under load, and the power cut at some moment of its start or its work."""
    command = [
        sys.executable,
        "-m",
        "tests.faults.core_process",
        str(disk.at / "data"),
        str(broker.port),
        name,
        how,
    ]
    core = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert core.stdin is not None and core.stdout is not None
    try:
        assert core.stdout.readline() == b"starting\n"
        if chance.random() > IN_START:
            broker.wait_for_more(10.0)
        threading.Event().wait(chance.uniform(0.0, LONGEST_S))  # the moment is what is drawn by lot
        disk.cut()
    finally:
        core.kill()
        promised.take(core.stdout.read().decode().splitlines())
        core.wait()
        core.stdin.close()
        core.stdout.close()
    promised.numbers = set(broker.acknowledged)


def cut_often(folder: Path, cycles: int, seed: int, how: str = "FULL", *, until_lost: bool = False) -> Totals:
    """Cut the power so often; with `until_lost` only until something was lost."""
    chance, clock, totals = random.Random(seed), SystemClock(), Totals()
    with Image(folder) as disk:
        while totals.cycles < cycles and not (until_lost and totals.verdict.readings_lost):
            disk.renew()
            promised = Promised()
            with TallyBroker(clock.now_ms() - 3_600_000) as broker:
                for _ in range(min(CYCLES_OF_AN_IMAGE, cycles - totals.cycles)):
                    totals.cycles += 1
                    one_cycle(disk, broker, promised, chance, str(totals.cycles), how)
                    disk.unmount()
                    disk.mount()
                    check(disk.at / "data", promised, totals.verdict, clock, f"cut {totals.cycles}")
                    if not totals.verdict.is_clean() and how != "FULL":
                        break  # what a cheating store lost makes every later comparison fail too
            totals.readings += len(promised.numbers)
            totals.acts += len(promised.notes) + len(promised.incidents)
            totals.files += len(promised.files)
    return totals


def run(folder: Path, cycles: int) -> None:
    seed = SystemClock().now_ms() % 100_000
    totals = cut_often(folder, cycles, seed)
    kept = f"{totals.readings} readings, {totals.acts} acts, {totals.files} attachments acknowledged"
    print(f"seed {seed}: {totals.cycles} cuts, {kept}: {totals.verdict}")
    assert totals.verdict.is_clean(), (seed, totals.verdict.said)
    assert min(totals.readings, totals.acts, totals.files) > cycles, "too little was promised to say anything"


@pytest.mark.timeout(300)
def test_forty_power_cuts_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    run(tmp_path, 40)


@pytest.mark.timeout(300)
def test_a_store_that_does_not_wait_for_the_disk_is_seen_to_lose(tmp_path: Path) -> None:
    totals = cut_often(tmp_path, 40, seed=1, how="NORMAL", until_lost=True)
    print(f"control: {totals.cycles} cuts: {totals.verdict}")
    assert totals.verdict.readings_lost, "nothing was lost without synchronous=FULL: this test is blind"


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_two_thousand_power_cuts_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    run(tmp_path, 2000)
