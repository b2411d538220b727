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

_SHIPPED = Path(__file__).resolve().parent.parent / "resources" / "settings"


def settings_path(folder: Path, given: Path | None) -> Path:
    """The settings file; on the first start a commented one is put into the data folder."""
    if given is not None:
        return given.resolve()
    path = folder / "settings.toml"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_SHIPPED / "example.toml", path)
    return path


def settings_with_feed(feed: str, folder: Path, given: Path | None) -> Settings:
    """The settings that define `feed`: the site's, else a shipped example that has it.

    With `given` only that file counts. Without any that has it, the site's own.
    """
    if given is not None:
        return load(given)
    own = folder / "settings.toml"
    site = load(own) if own.exists() else Settings()
    if feed in site.feeds:
        return site
    shipped = (load(path) for path in sorted(_SHIPPED.glob("*.toml")))
    return next((settings for settings in shipped if feed in settings.feeds), site)


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
