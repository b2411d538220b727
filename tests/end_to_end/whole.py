"""A whole console as an administrator starts it, and what its status says from outside."""

from __future__ import annotations

import os
import subprocess
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import tomlkit

from console import lifeline
from console.clock import SystemClock
from console.errors import ConsoleError
from console.link_client import LinkClient
from console.roles import role_command

PATIENCE_S = 40.0


def until(holds: Callable[[], Any], *, within_s: float = PATIENCE_S, what: str = "") -> Any:
    """Wait until the claim holds and return what it gave; fail when it never does."""
    pause, clock = threading.Event(), SystemClock()
    end = clock.monotonic_s() + within_s
    while True:
        found = holds()
        if found:
            return found
        assert clock.monotonic_s() < end, f"never: {what or holds}"
        pause.wait(0.05)


class WholeConsole:
    """Supervisor, core and screen on one data folder; nothing of it is left after the `with`."""

    def __init__(self, folder: Path, settings: dict[str, Any], *, screen: bool = True) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "settings.toml"
        path.write_text(tomlkit.dumps(settings), encoding="utf-8")
        tomllib.loads(path.read_text(encoding="utf-8"))
        task = [] if screen else ["core", "--supervised"]
        first, *rest = role_command("--data", str(folder))
        self._command = (
            [first, *rest, *task]
            if screen
            else [*role_command("core", "--data", str(folder)), "--supervised"]
        )
        self.records: list[Any] = []
        self.client = LinkClient(
            folder, role="cli", seat="test", actor="시험 요원", on_push=self.records.extend
        )

    def __enter__(self) -> Self:
        environment = {"QT_QPA_PLATFORM": "offscreen", "PYTHONWARNINGS": "error"}
        self._errors = (self.folder / "stderr.txt").open("wb")
        self._process = lifeline.start(
            self._command, environment=environment, cwd=lifeline.working_folder(), stderr=self._errors
        )
        self.client.start()
        assert self.client.wait_linked(PATIENCE_S), self.errors()
        return self

    def __exit__(self, *_: object) -> None:
        self.client.stop()
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self.status = self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            self._errors.close()

    def errors(self) -> str:
        """What the roles wrote to stderr."""
        return (self.folder / "stderr.txt").read_text(encoding="utf-8", errors="replace")

    def ask(self, name: str = "status", **args: Any) -> Any:
        """The answer, or None while there is no link."""
        try:
            return self.client.ask(name, args, timeout=5)
        except ConsoleError:
            return None

    def pid(self, role: str) -> int:
        """The process of this role, once it is up."""

        def find() -> int:
            roles = (self.ask() or {}).get("roles", {})
            found = roles.get(role)
            return int((found[0] if isinstance(found, list) and found else found or {"pid": 0})["pid"])

        return int(until(find, what=f"{role} runs"))


def kill(pid: int, number: int) -> None:
    os.kill(pid, number)
