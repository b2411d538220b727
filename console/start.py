"""Starts roles: a core in this process, or a console of several under a supervisor."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import click

from console import lifeline, logs
from console.clock import SystemClock
from console.errors import ConsoleError, Refused
from console.roles import role_command
from console.settings import Settings, load
from console.supervisor import FAULT, HELD, Part, Supervisor

_EXAMPLE = Path(__file__).resolve().parent.parent / "resources" / "settings" / "example.toml"


def settings_path(folder: Path, given: Path | None) -> Path:
    """The settings file; on the first start a commented one is put into the data folder."""
    if given is not None:
        return given.resolve()
    path = folder / "settings.toml"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_EXAMPLE, path)
    return path


def run_core(folder: Path, settings: Path | None) -> int:
    """Be the core until asked to end; returns the exit status."""
    from console.core import Core

    path = settings_path(folder, settings)
    checked: Settings = load(path)
    logs.begin(folder, "core")
    end = threading.Event()
    lifeline.watch(end.set)
    try:
        core = Core(folder, checked, SystemClock(), origin=path)
    except Refused as error:
        click.echo(f"gwanje: {error}", err=True)
        return HELD
    try:
        core.start()
        while not end.wait(3600):
            pass
    except ConsoleError as error:
        click.echo(f"gwanje: {error}", err=True)
        return FAULT
    finally:
        core.stop()
    return 0


def run_supervised_core(folder: Path, settings: Path | None) -> int:
    """Keep a core running, without a screen, as a service does."""
    return _supervise([core_part(folder, settings_path(folder, settings))])


def run_console(folder: Path, settings: Path | None) -> int:
    """Open the screen, with a core under it if none runs for this data folder."""
    path = settings_path(folder, settings)
    load(path)
    return _supervise([core_part(folder, path), ui_part(folder)])


def core_part(folder: Path, settings: Path) -> Part:
    """The core of a data folder, kept running."""
    command = role_command("core", "--data", str(folder), "--settings", str(settings))
    return Part("core", tuple(command))


def ui_part(folder: Path, *more: str) -> Part:
    """A screen on a data folder; when the operator closes it, all ends."""
    return Part("ui", tuple(role_command("ui", "--data", str(folder), *more)), when_done="end all")


def _supervise(parts: list[Part]) -> int:
    supervisor = Supervisor(
        parts, SystemClock(), tell=lambda line: click.echo(line, err=True), cwd=lifeline.working_folder()
    )
    lifeline.watch(supervisor.stop)
    return supervisor.run()
