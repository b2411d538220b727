"""Each finding says what was found, and what to do when that is not good."""

from __future__ import annotations

import socket
from pathlib import Path

import msgspec
import pytest

from console.clock import ManualClock, SystemClock
from console.doctor import clocks, disk, machine
from console.doctor.broker import BrokerExamination
from console.doctor.finding import Finding
from console.doctor.report import report
from console.settings import Broker, Disk, Settings
from tests.servers.mosquitto import Mosquitto


def way(broker: Broker) -> Finding:
    return BrokerExamination("main", Settings(brokers={"main": broker}), SystemClock()).way()


def test_a_report_can_be_read_by_a_machine_and_every_fault_has_a_remedy(tmp_path: Path) -> None:
    findings = report(Settings(), tmp_path / "not" / "yet" / "there")
    again = msgspec.json.decode(msgspec.json.encode(findings), type=list[Finding])
    assert again == findings
    assert {finding.name for finding in findings} >= {
        "python",
        "libraries",
        "fonts",
        "keyring",
        "store",
        "fsync",
    }
    assert [finding.name for finding in findings if finding.state != "ok" and not finding.remedy] == []


def test_looking_leaves_the_data_folder_as_it_was(tmp_path: Path) -> None:
    report(Settings(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_encrypted_store_can_be_made_by_a_recent_sqlite(tmp_path: Path) -> None:
    finding = disk.stores(tmp_path)
    assert (finding.state, "encrypted" in finding.found) == ("ok", True)


@pytest.mark.parametrize(("limits", "state"), [(Disk(), "ok"), (Disk(warn_mib=1 << 40), "warn")])
def test_the_disk_is_measured_against_the_watermarks_of_the_settings(
    tmp_path: Path, limits: Disk, state: str
) -> None:
    roomy = msgspec.structs.replace(limits, stop_mib=0)
    if state == "ok":
        roomy = msgspec.structs.replace(roomy, warn_mib=0)
    assert disk.disk_space(tmp_path, Settings(disk=roomy)).state == state
    full = Settings(disk=Disk(stop_mib=1 << 40))
    assert disk.disk_space(tmp_path, full).state == "bad"


def test_fsync_is_measured_with_its_median_and_tail(tmp_path: Path) -> None:
    finding = disk.disk_speed(tmp_path, SystemClock())
    assert finding.found.startswith("p50 ")
    assert "p99" in finding.found


def test_a_clock_before_the_making_of_the_program_is_bad() -> None:
    assert clocks.wall_clock(ManualClock(now_ms=0)).state == "bad"


def test_a_missing_system_library_comes_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.sys, "platform", "linux")
    monkeypatch.setattr(machine, "_loads", lambda name: name != "libEGL.so.1")
    finding = machine.libraries()
    assert (finding.state, finding.found, finding.remedy) == (
        "bad",
        "missing: libEGL.so.1",
        "apt-get install libegl1",
    )


def test_a_broker_that_is_away_is_bad_and_named_with_its_address() -> None:
    with socket.socket() as taken:  # bound and not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        finding = way(Broker(port=port))
    assert (finding.name, finding.state) == ("broker main", "bad")
    assert f"127.0.0.1:{port}" in finding.found
    assert "start the broker" in finding.remedy


def test_a_password_file_that_is_not_there_points_at_the_settings(tmp_path: Path) -> None:
    broker = Broker(username="gwanje", password_file=str(tmp_path / "none"))
    finding = way(broker)
    assert finding.state == "bad"
    assert finding.remedy == "check [brokers.main] in the settings"


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_broker_that_works_gives_our_own_message_back(mosquitto: Mosquitto, version: str) -> None:
    broker = msgspec.structs.replace(mosquitto.settings(), version=version)
    finding = way(broker)
    assert finding.state == "ok", finding.found


def test_a_broker_that_refuses_the_password_says_so(mosquitto: Mosquitto) -> None:
    broker = msgspec.structs.replace(mosquitto.settings(), password="wrong", password_file="")
    finding = way(broker)
    assert (finding.state, finding.remedy) == ("bad", "check [brokers.main] in the settings")
    assert "refused" in finding.found
