"""`gwanje demo`: a whole district on one machine, through the same feeds, stores and sync as a real site.

Everything it starts is a process of its own with a lifeline, so that ending
the demo in any way leaves nothing behind.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import click
import msgspec

from console import lifeline
from console.clock import Clock, SystemClock
from console.demo import screen
from console.demo.district import Story
from console.demo.operator import Operator
from console.demo.site import CAMERAS, write_site
from console.demo.watch import Watch
from console.errors import Unavailable
from console.link_client import LinkClient
from console.roles import role_command
from console.start import core_part, ui_part
from console.supervisor import Supervisor

_READY_S = 30.0
_STATUS_S = 5.0
_SETTLE_S = 10.0


def run_demo(
    output: Path, *, seconds: float | None, language: str | None, size: str, story: Story = "busy"
) -> int:
    """Run until `seconds` are over, the screen is closed or somebody asks; returns the exit status."""
    output.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="gwanje-demo-"))
    try:
        with ExitStack() as stack:
            return _Demo(folder, output, SystemClock(), stack, story).run(seconds, language, size)
    except Unavailable as error:
        click.echo(f"gwanje: {error}", err=True)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Demo:
    def __init__(self, folder: Path, output: Path, clock: Clock, stack: ExitStack, story: Story) -> None:
        self._story = story
        self._folder = folder
        self._output = output
        self._clock = clock
        self._stack = stack
        self._end = threading.Event()
        (folder / "logs").mkdir(parents=True)
        self._errors = folder / "logs" / "stderr.txt"

    def run(self, seconds: float | None, language: str | None, size: str) -> int:
        lifeline.watch(self._end.set)
        display = screen.prepare(self._stack, size)
        if display.note:
            click.echo(display.note)
        os.environ.update(display.environment)
        os.environ["GWANJE_KEY_FILE"] = str(self._folder / "key")  # no key of a demo in a person's keyring
        settings = self._start_surroundings()
        more = ["--language", language] if language else []
        if display.is_virtual:
            more += ["--screenshots", str(self._output)]
            click.echo(f"Screenshots of the board and each panel go to {self._output}")
        errors = self._stack.enter_context(self._errors.open("wb"))
        supervisor = Supervisor(
            [core_part(self._folder, settings), ui_part(self._folder, *more)],
            self._clock,
            tell=click.echo,
            cwd=lifeline.working_folder(),
            stderr=errors,
        )
        return self._watch(supervisor, seconds)

    def _start_surroundings(self) -> Path:
        """Broker, cameras and sensors; returns the settings file that points at them."""
        broker_port, camera_port, password = free_port(), free_port(), secrets.token_hex(8)
        (self._folder / "broker.password").write_text(password, encoding="utf-8")
        self._start(
            "demo-broker",
            "--port",
            str(broker_port),
            "--password-file",
            str(self._folder / "broker.password"),
        )
        self._start("demo-cameras", "--port", str(camera_port), "--count", str(len(CAMERAS)))
        urls = [f"http://127.0.0.1:{camera_port}/cam/{n + 1}.mjpg" for n in range(len(CAMERAS))]
        settings = write_site(
            self._folder,
            broker_port=broker_port,
            camera_urls=urls,
            central_path=self._folder / "central",
            password=password,
        )
        self._start(
            "demo-publisher",
            "--port",
            str(broker_port),
            "--password-file",
            str(self._folder / "broker.password"),
            "--story",
            self._story,
        )
        return settings

    def _start(self, role: str, *args: str) -> None:
        """Start one part and wait until it prints `ready`."""
        errors = self._stack.enter_context((self._folder / "logs" / f"{role}.txt").open("wb"))
        process = lifeline.start(
            role_command(role, *args),
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=lifeline.working_folder(),
        )
        self._stack.callback(lifeline.end, process)
        if process.stdout is None or not _says_ready(process.stdout):
            raise Unavailable(
                f"The demo's {role} did not start: {_tail(self._folder / 'logs' / f'{role}.txt')}"
            )

    def _watch(self, supervisor: Supervisor, seconds: float | None) -> int:
        client = LinkClient(self._folder, role="cli", seat="demo")
        watch = Watch(client, self._clock)
        operator = Operator(self._folder, self._clock)
        runner = _Runner(supervisor)
        client.start()
        operator.start()
        runner.start()
        until = None if seconds is None else self._clock.monotonic_s() + seconds
        try:
            while not self._end.wait(0.2) and not runner.ended:
                if until is not None and self._clock.monotonic_s() >= until:
                    break
                watch.look(every_s=_STATUS_S, tell=click.echo)
            watch.look(every_s=0, tell=click.echo)
            self._settle(watch)
        finally:
            operator.stop()
            client.stop()
            supervisor.stop()
            runner.join()
        self._sum_up(watch)
        return runner.status

    def _settle(self, watch: Watch) -> None:
        """Give what was written last its time to reach the centre, unless somebody wants to end now."""
        until = self._clock.monotonic_s() + _SETTLE_S
        while not watch.is_synced and self._clock.monotonic_s() < until and not self._end.wait(0.3):
            watch.look(every_s=0, tell=lambda line: None)

    def _sum_up(self, watch: Watch) -> None:
        lines = self._errors.read_text(encoding="utf-8", errors="replace").splitlines()
        summary = {**watch.summary(), "stderr": [line for line in lines if line.strip()]}
        (self._output / "summary.json").write_bytes(msgspec.json.format(msgspec.json.encode(summary)))
        for line in summary["stderr"][:10]:
            click.echo(f"a role said: {line}")
        click.echo(f"The demo ended; its summary is {self._output / 'summary.json'}")


class _Runner:
    """The supervisor's loop in a thread of its own."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self.status = 0
        self.ended = False
        self._thread = threading.Thread(target=self._run, name="supervisor")

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        try:
            self.status = self._supervisor.run()
        finally:
            self.ended = True


def _says_ready(stream: IO[bytes]) -> bool:
    said = threading.Event()

    def read() -> None:
        for line in stream:
            if line.split(b" ")[0].strip() == b"ready":
                said.set()

    threading.Thread(target=read, name="demo-output", daemon=True).start()
    return said.wait(_READY_S)


def _tail(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip()[-400:] or "it said nothing"


def free_port() -> int:
    """A loopback port that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
