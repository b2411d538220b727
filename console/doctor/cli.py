"""What `gwanje doctor` prints and asks."""

from __future__ import annotations

import contextlib
import json
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec

from console.cli import ask_when_linked, print_json
from console.clock import SystemClock
from console.doctor import support
from console.doctor.broker import BrokerExamination
from console.doctor.finding import Finding, tell, worst_first
from console.doctor.parking import MESSAGES
from console.doctor.report import report
from console.errors import ConsoleError, SettingsError, Unavailable
from console.link import read_address
from console.link_client import LinkClient
from console.roles import role_command
from console.settings import Settings
from console.start import own_settings
from db import connection, keys

_RESTART_S = 120
_SCREEN_S = 30


class Wishes(msgspec.Struct, frozen=True):
    """What the person asked for on the command line."""

    as_json: bool = False
    messages: int = MESSAGES
    restart: str = ""
    ask_restart: bool = False
    broker: str = ""
    support: Path | None = None


def run(folder: Path, path: Path | None, wishes: Wishes) -> int:
    """Examine, print, and write the support file; 1 when something is bad."""
    settings = own_settings(folder, path)
    base = (path or folder / "settings.toml").parent
    findings = report(settings, folder, base=base, messages=wishes.messages, told=_progress())
    findings += screen()
    findings += [_restarted(name, settings, wishes) for name in _to_restart(settings, wishes)]
    if wishes.support is not None:
        _write_support(wishes.support, settings, folder, findings)
    if wishes.as_json:
        print_json(findings)
    else:
        _print(findings)
        if wishes.support is not None:
            click.echo(f"support file: {wishes.support}")
    return 1 if any(finding.state == "bad" for finding in findings) else 0


def _print(findings: list[Finding]) -> None:
    for finding in worst_first(findings):
        click.echo(f"{finding.state:8}{finding.name}: {finding.found}")
        if finding.remedy:
            click.echo(f"        -> {finding.remedy}")


def _progress() -> Callable[[int, int, str], None]:
    """A line that rewrites itself, where a person looks at it."""
    if not sys.stderr.isatty():
        return lambda done, total, text: None

    def told(done: int, total: int, text: str) -> None:
        line = f"examining {100 * done // max(1, total)} % {text}" if done < total else ""
        sys.stderr.write(f"\r{line:<60}" + ("" if line else "\r"))
        sys.stderr.flush()

    return told


# --- the restart ------------------------------------------------------------------


def _to_restart(settings: Settings, wishes: Wishes) -> list[str]:
    if not (wishes.restart or wishes.ask_restart):
        return []
    if wishes.broker and wishes.broker not in settings.brokers:
        known = ", ".join(settings.brokers) or "none is defined"
        raise SettingsError(f"--broker {wishes.broker}: is not in the settings; allowed: {known}")
    return [wishes.broker] if wishes.broker else list(settings.brokers)


def _restarted(name: str, settings: Settings, wishes: Wishes) -> Finding:
    def restart() -> None:
        if wishes.restart:
            _run_command(wishes.restart)
        else:
            click.echo(f"Restart the broker {name} now, the way it is restarted at your site.", err=True)
            click.prompt("Press Enter when it was", default="", show_default=False, err=True)

    examination = BrokerExamination(name, settings, SystemClock())
    return examination.restart(restart, threading.Event().wait)


def _run_command(command: str) -> None:
    """Run what the person gave; raises Unavailable if it fails."""
    words: Any = command if sys.platform == "win32" else shlex.split(command)
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_RESTART_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command}: {error}") from error
    if done.returncode:
        raise Unavailable(f"{command}: ended with {done.returncode} {done.stderr.strip()[:200]}")


# --- the screen, which only a role with Qt can see -----------------------------------


def screen() -> list[Finding]:
    """What a short process of the ui role sees of screens and graphics."""
    try:
        done = subprocess.run(
            role_command("ui", "--facts"), capture_output=True, text=True, timeout=_SCREEN_S, check=False
        )
        seen = json.loads(done.stdout)
        return [tell(each["name"], each["state"], each["code"], **each["facts"]) for each in seen]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as error:
        return [tell("screen", "unknown", "screen-unknown", error=type(error).__name__)]


# --- the support file ------------------------------------------------------------------


def _write_support(path: Path, settings: Settings, folder: Path, findings: list[Finding]) -> None:
    content = support.contents(
        settings, folder, SystemClock(), findings, state=_state(folder), stores=_stores(folder)
    )
    support.save(path, content)


def _state(folder: Path) -> Any:
    client = LinkClient(folder, role="cli", seat="doctor")
    try:
        read_address(folder)
        client.start()
        return ask_when_linked(client, "status")
    except Unavailable:
        return None
    finally:
        client.stop()


def _stores(folder: Path) -> dict[str, support.OpenReader]:
    there = [name for name in ("ops.db", "feed.db") if (folder / name).is_file()]
    with contextlib.suppress(ConsoleError):
        key = keys.data_key(folder) if there else b""
        return {name: _reader(folder / name, key) for name in there}
    return {}


def _reader(path: Path, key: bytes) -> support.OpenReader:
    return lambda: connection.open_reader(path, key)
