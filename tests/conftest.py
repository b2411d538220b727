"""For every test: no screen needed, and nothing left running afterwards."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

pytest_plugins = [
    f"tests.servers.{name}"
    for name in ("mosquitto", "nats", "postgres", "rtsp")
    if (Path(__file__).parent / "servers" / f"{name}.py").exists()
]

IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")

# A stopped thread or process may need a moment to be gone; a leaked one never is.
PATIENCE_S = 3.0


@pytest.fixture(autouse=True)
def nothing_left_running(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the test that leaves a thread or a child process behind.

    What wider fixtures (a server of the session) started before the test is theirs.
    A server first asked for in this test by a wider fixture is known by its name there.
    """
    for wider in [name for name in request.fixturenames if name not in ("request", "nothing_left_running")]:
        if _scope(request, wider) in ("session", "package", "module"):
            request.getfixturevalue(wider)
    with alone():
        yield


@contextmanager
def alone() -> Iterator[None]:
    """Fail when a thread or a child process that began within is still there at the end."""
    threads, children = _threads(), _children()
    yield
    deadline = time.monotonic() + PATIENCE_S
    while True:
        left = [f"thread {thread.name}" for thread in _threads() - threads]
        left += [f"process {child.pid} {_command(child)}" for child in _children() - children]
        if not left or time.monotonic() > deadline:
            break
        threading.Event().wait(0.02)
    for child in _children() - children:
        child.kill()
    assert not left, f"left running: {', '.join(left)}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI nothing may be left out: a component that is not installed is a failure there."""
    report = yield
    if IN_CI and report.skipped and "not installed" in str(report.longrepr):
        report.outcome = "failed"
    return report


def _scope(request: pytest.FixtureRequest, name: str) -> str:
    found = request._fixturemanager.getfixturedefs(name, request.node)
    return str(found[-1].scope) if found else "function"


def _threads() -> set[threading.Thread]:
    """The living threads but those that Python did not start (Qt's, say) and pytest's own timer."""
    return {
        each
        for each in threading.enumerate()
        if not isinstance(each, threading._DummyThread) and not each.name.startswith("pytest_timeout ")
    }


def _children() -> set[psutil.Process]:
    alive = set()
    for child in psutil.Process().children(recursive=True):
        try:
            if child.status() != psutil.STATUS_ZOMBIE and "resource_tracker" not in " ".join(child.cmdline()):
                alive.add(child)
        except psutil.NoSuchProcess:
            continue
    return alive


def _command(child: psutil.Process) -> str:
    try:
        return " ".join(child.cmdline())[:120]
    except psutil.Error:
        return "(gone)"
