"""Setting up, where it must not depend on the machine."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
Script = Callable[[str], ModuleType]


def test_an_old_python_can_read_far_enough_to_say_what_it_lacks() -> None:
    source = (ROOT / "packaging" / "bootstrap.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 5))
    first = next(node for node in ast.parse(source).body if isinstance(node, ast.If))
    assert "version_info" in ast.unparse(first.test)


def test_an_unknown_command_is_answered_with_those_there_are(
    script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script("commands").main(["dance"]) == 2
    assert "gwanje [...]" in capsys.readouterr().err


def test_a_site_mirror_set_for_pip_is_passed_on_to_uv(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "pip.conf"
    site.write_text(
        "[global]\nindex-url = http://mirror.test/simple\ncert = /site/ca.pem\nfind-links = /wheels\n"
        "[install]\ntrusted-host = mirror.test\n"
    )
    environment = script("environment")
    for name in [n for n in os.environ if n.startswith(("PIP_", "UV_", "SSL_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(site))
    passed = environment.site_variables()
    assert passed["UV_DEFAULT_INDEX"] == "http://mirror.test/simple"
    assert passed["SSL_CERT_FILE"] == "/site/ca.pem"
    assert passed["UV_INSECURE_HOST"] == "mirror.test"
    assert passed["UV_PYTHON_DOWNLOADS"] == "never"
    assert not any("wheels" in value for value in passed.values())


def test_what_is_set_for_uv_itself_wins_over_pip(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://pip.test/simple")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://uv.test/simple")
    assert "UV_DEFAULT_INDEX" not in script("environment").site_variables()


def test_the_variables_of_pip_win_over_its_files(script: Script, tmp_path: Path) -> None:
    site = tmp_path / "pip.conf"
    site.write_text("[global]\nindex-url = http://file.test/simple\n")
    found = script("environment").pip_settings(
        {"PIP_CONFIG_FILE": str(site), "PIP_INDEX_URL": "http://variable.test/simple"}
    )
    assert found["index-url"] == "http://variable.test/simple"


def test_the_environment_is_current_until_its_lock_changes(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = script("environment")
    locks = {kind: tmp_path / f"{kind}.txt" for kind in ("run", "dev")}
    for path in locks.values():
        path.write_text("one==1\n")
    monkeypatch.setattr(environment, "LOCKS", locks)
    monkeypatch.setattr(environment, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(environment, "python", lambda: Path(sys.executable))
    stamp = {"kind": "dev", "lock": environment._fingerprint("dev")}
    environment.STAMP.write_text(json.dumps(stamp))
    assert environment._is_current("dev")
    assert environment._is_current("run"), "the development tools also run the program"
    locks["dev"].write_text("one==2\n")
    assert not environment._is_current("run")


def test_without_the_right_to_install_the_one_command_is_printed(
    script: Script, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = script("machine")
    monkeypatch.setattr(machine.sys, "platform", "linux")
    monkeypatch.setattr(machine, "_become_root", lambda: None)
    monkeypatch.setattr(machine.shutil, "which", lambda name, **_: f"/usr/bin/{name}")
    absent = machine.Part("a part", ("one", "two"), lambda: False, "a promise")
    assert machine.provide([absent], "trying") == [absent]
    said = capsys.readouterr().err
    assert "missing a part" in said
    assert "please run: sudo apt-get install -y --no-install-recommends one two" in said


def test_in_ci_nothing_may_be_left_out(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = script("commands")
    machine = sys.modules["machine"]
    monkeypatch.setattr(commands, "_development", lambda: None)
    monkeypatch.setattr(commands, "provide", lambda parts, why: [machine.COMPONENTS[0]])
    monkeypatch.setenv("CI", "true")
    assert commands.main(["test"]) == 1


@pytest.mark.parametrize("status", [0, 3])
def test_the_exit_status_of_a_program_is_passed_on(script: Script, status: int) -> None:
    command = [sys.executable, "-c", f"raise SystemExit({status})"]
    assert script("running").run(command, os.environ) == status


@pytest.mark.skipif(os.name != "posix", reason="process groups are a thing of POSIX")
def test_an_interrupt_reaches_the_program_once_and_nothing_stays_behind(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import subprocess, sys, threading\n"
        "idle = [sys.executable, '-c', 'import threading; threading.Event().wait()']\n"
        "try:\n    print(subprocess.Popen(idle).pid, flush=True)\n    threading.Event().wait()\n"
        "except KeyboardInterrupt:\n    raise SystemExit(7)\n"
    )
    outer = (
        f"import os, sys; sys.path.insert(0, {str(ROOT / 'packaging')!r}); import running;"
        f" raise SystemExit(running.run([sys.executable, {str(program)!r}], os.environ))"
    )
    with subprocess.Popen([sys.executable, "-c", outer], stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        left_by_program = int(started.stdout.readline())
        started.send_signal(signal.SIGINT)
        assert started.wait(timeout=30) == 7
    gone = not psutil.pid_exists(left_by_program)
    assert gone or psutil.Process(left_by_program).status() == psutil.STATUS_ZOMBIE


def test_continuous_integration_runs_the_commands_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in ("demo", "test"):
        assert f"python3 packaging/bootstrap.py {command}" in readme
        assert f"python3 packaging/bootstrap.py {command}" in ci
