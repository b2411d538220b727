"""The plug is pulled, on a real file system: what was acknowledged is there after the next start.

The same with a store that promises more than it keeps (`synchronous=NORMAL`)
must lose rows; if that loses none the test itself is blind.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
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
    """A core under load, and the power cut at some moment of its start or its work.

    The kernel (6.18, measured with a bare append and fdatasync) may tell an fsync
    that is under way during the cut that it succeeded. So a promise counts when
    it was heard before the cut; and in every other cycle the core is stopped
    between two calls first, and then all that it ever promised counts.
    """
    command = [
        sys.executable, "-m", "tests.faults.core_process", str(disk.at / "data"), str(broker.port), name, how
    ]  # fmt: skip
    core = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert core.stdin is not None and core.stdout is not None
    told, stopped = b"", chance.random() < 0.5
    try:
        assert core.stdout.readline() == b"starting\n"
        if chance.random() > IN_START:
            broker.wait_for_more(10.0)
        threading.Event().wait(chance.uniform(0.0, LONGEST_S))  # the moment is what is drawn by lot
        if stopped:
            stop_between_calls(core.pid)
        else:
            os.set_blocking(core.stdout.fileno(), False)
            told = core.stdout.read() or b""
            promised.numbers = set(broker.acknowledged)
        disk.cut()
    finally:
        core.kill()
        core.wait()
        os.set_blocking(core.stdout.fileno(), True)
        later = core.stdout.read()
        core.stdin.close()
        core.stdout.close()
    if stopped:
        told += later
        broker.wait_for_end()
        promised.numbers = set(broker.acknowledged)
    promised.take(told.decode().splitlines())


def stop_between_calls(pid: int) -> None:
    """Stop every thread of a process, each after the call it is in has ended."""
    os.kill(pid, signal.SIGSTOP)
    clock = SystemClock()
    end_s = clock.monotonic_s() + 10
    while any(psutil.Process(pid).status() != psutil.STATUS_STOPPED for pid in _threads(pid)):
        assert clock.monotonic_s() < end_s, "a stopped process did not stop"
        threading.Event().wait(0.001)


def _threads(pid: int) -> list[int]:
    return [int(each.name) for each in Path(f"/proc/{pid}/task").iterdir()]


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


def run(folder: Path, cycles: int, seed: int, say: Callable[[str], None]) -> None:
    totals = cut_often(folder, cycles, seed)
    kept = f"{totals.readings} readings, {totals.acts} acts, {totals.files} attachments acknowledged"
    say(f"seed {seed}: {totals.cycles} cuts, {kept}: {totals.verdict}")
    assert totals.verdict.is_clean(), (seed, totals.verdict.said)
    assert min(totals.readings, totals.acts, totals.files) > cycles, "too little was promised to say anything"


@pytest.mark.timeout(300)
def test_forty_power_cuts_lose_nothing_that_was_acknowledged(
    tmp_path: Path, seed: int, totals: Callable[[str], None]
) -> None:
    run(tmp_path, 40, seed, totals)


@pytest.mark.timeout(300)
def test_a_store_that_does_not_wait_for_the_disk_is_seen_to_lose(
    tmp_path: Path, seed: int, totals: Callable[[str], None]
) -> None:
    control = cut_often(tmp_path, 40, seed, how="NORMAL", until_lost=True)
    totals(f"seed {seed}: synchronous=NORMAL, {control.cycles} cuts: {control.verdict}")
    assert control.verdict.readings_lost, "nothing was lost without synchronous=FULL: this test is blind"


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_two_thousand_power_cuts_lose_nothing_that_was_acknowledged(
    tmp_path: Path, seed: int, totals: Callable[[str], None]
) -> None:
    run(tmp_path, 2000, seed, totals)
