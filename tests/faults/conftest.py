"""For the fault tests: their seed, and what they came to, at the end of the run."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from console.clock import SystemClock

_SAID = pytest.StashKey[list[str]]()


@pytest.fixture
def seed() -> int:
    """What chance begins from; GWANJE_FAULTS_SEED (`bootstrap.py faults --seed N`) repeats a run."""
    return int(os.environ.get("GWANJE_FAULTS_SEED") or SystemClock().now_ms() % 100_000)


@pytest.fixture
def totals(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say a line that stands at the end of the run, whether or not the test passes."""
    said = request.config.stash.setdefault(_SAID, [])
    return lambda line: said.append(f"{request.node.name}: {line}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what was said."""
    said = config.stash.get(_SAID, [])
    if said:
        terminalreporter.section("faults")
        for line in said:
            terminalreporter.line(line)
