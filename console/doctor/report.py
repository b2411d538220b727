"""The whole examination, look by look, with progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from console.clock import Clock, SystemClock
from console.doctor import clocks, disk, machine, parking
from console.doctor.broker import BrokerExamination
from console.doctor.finding import Finding, tell
from console.settings import Settings

Told = Callable[[int, int, str], None]
"""Takes (done, total, what is looked at); may raise to end the examination."""

_BROKER_STEPS = 100  # a broker takes longer than all other looks together


def report(
    settings: Settings,
    folder: Path,
    clock: Clock | None = None,
    *,
    base: Path | None = None,
    messages: int = parking.MESSAGES,
    told: Told | None = None,
) -> list[Finding]:
    """Look at everything but the screen; leaves nothing behind, neither here nor at the brokers.

    Takes some seconds for the machine and for each broker. `base` is the folder of the settings file.
    """
    tell_progress = told or _unheard
    return list(_findings(settings, folder, clock or SystemClock(), base or folder, messages, tell_progress))


def _findings(
    settings: Settings, folder: Path, clock: Clock, base: Path, messages: int, told: Told
) -> Iterator[Finding]:
    looks = _looks(settings, disk.existing(folder), clock, base)
    total = len(looks) + _BROKER_STEPS * len(settings.brokers)
    for at, look in enumerate(looks):
        told(at, total, "")
        yield look()
    for number, name in enumerate(settings.brokers):
        done = len(looks) + number * _BROKER_STEPS
        told(done, total, name)
        examination = BrokerExamination(name, settings, clock)
        yield from examination.findings(messages, partial(_part, told, done, total, name))
    if not settings.brokers:
        yield tell("broker", "warn", "broker-none")
    told(total, total, "")


def _looks(settings: Settings, folder: Path, clock: Clock, base: Path) -> list[Callable[[], Finding]]:
    return [
        machine.python_version,
        machine.drivers,
        machine.libraries,
        machine.fonts,
        machine.key_store,
        machine.strength,
        machine.open_files,
        partial(machine.time_zones, settings),
        partial(disk.file_system, folder),
        partial(disk.stores, folder),
        partial(disk.disk_space, folder, settings),
        partial(disk.disk_speed, folder, clock),
        partial(clocks.wall_clock, clock),
        partial(clocks.offset, settings, clock, base),
    ]


def _part(told: Told, done: int, total: int, name: str, of: int, among: int) -> None:
    told(done + _BROKER_STEPS * of // max(1, among), total, name)


def _unheard(_done: int, _total: int, _text: str) -> None:
    pass
