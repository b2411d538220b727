"""The three roles as processes: each may die, hang and come back without harm to the others."""

import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from console.clock import SystemClock
from console.startup import is_held
from tests.end_to_end.whole import WholeConsole, until
from tests.servers.mosquitto import Mosquitto, publish_all


def settings_for(mosquitto: Mosquitto, **more: Any) -> dict[str, Any]:
    broker = mosquitto.settings()
    return {
        "site": {"device": "roles", "language": "ko"},
        "brokers": {
            "main": {
                "port": broker.port,
                "username": broker.username,
                "password_file": broker.password_file,
                "heartbeat_s": 0.5,
            }
        },
        "feeds": {
            "level": {
                "topics": ["level/#"],
                "mappings": [
                    {
                        "topic": "level/{source}",
                        "time": "at",
                        "time_format": "epoch_ms",
                        "values": [{"quantity": "level", "value": "v", "unit": "m"}],
                    }
                ],
            }
        },
        **more,
    }


def stored(console: WholeConsole) -> int:
    return sum(feed["stored"] for feed in (console.ask() or {"feeds": []})["feeds"])


def messages(first: int, count: int) -> list[tuple[str, bytes]]:
    return [
        ("level/a", f'{{"at": {1_800_000_000_000 + n}, "v": {n}}}'.encode())
        for n in range(first, first + count)
    ]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_killed_core_is_back_within_three_seconds_and_the_screen_stays(
    mosquitto: Mosquitto, tmp_path: Path, number: signal.Signals
) -> None:
    clock = SystemClock()
    with WholeConsole(tmp_path / "data", settings_for(mosquitto)) as console:
        core, ui = console.pid("core"), console.pid("ui")
        os.kill(core, number)
        killed_s = clock.monotonic_s()
        until(lambda: (console.ask() or {}).get("roles", {}).get("core", {}).get("pid", core) != core)
        assert clock.monotonic_s() - killed_s < 3
        assert console.pid("ui") == ui


def test_a_killed_screen_is_back_within_three_seconds_and_the_core_stays(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    clock = SystemClock()
    with WholeConsole(tmp_path / "data", settings_for(mosquitto)) as console:
        core, ui = console.pid("core"), console.pid("ui")
        os.kill(ui, signal.SIGSEGV)
        killed_s = clock.monotonic_s()
        until(lambda: console.pid("ui") != ui)
        assert clock.monotonic_s() - killed_s < 3
        assert console.pid("core") == core


def test_a_frozen_screen_costs_the_core_nothing(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with WholeConsole(tmp_path / "data", settings_for(mosquitto)) as console, mosquitto.client() as client:
        ui = psutil.Process(console.pid("ui"))
        until(lambda: any(b["state"] == "ok" for b in (console.ask() or {"brokers": []})["brokers"]))
        ui.suspend()
        try:
            publish_all(client, messages(0, 3000))
            until(lambda: stored(console) == 3000, within_s=20)
        finally:
            ui.resume()


def test_one_core_per_data_folder_and_a_second_console_joins_it(mosquitto: Mosquitto, tmp_path: Path) -> None:
    settings = settings_for(mosquitto)
    with WholeConsole(tmp_path / "data", settings, screen=False) as first:
        core = first.pid("core")
        with WholeConsole(tmp_path / "data", settings) as second:
            second.pid("ui")
            assert second.pid("core") == core
        assert first.pid("core") == core


def test_nothing_is_left_and_nothing_was_said_on_stderr_after_an_orderly_end(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with WholeConsole(tmp_path / "data", settings_for(mosquitto)) as console:
        pids = [console.pid("core"), console.pid("ui")]
    assert console.status == 0
    assert console.errors() == ""
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert not is_held(tmp_path / "data")
