"""The commands of bootstrap.py."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import environment
from environment import ROOT
from machine import COMPONENTS, QT, WINDOW, SetupError, frozen_parts, provide, say
from running import provide_screen, run

USAGE = """\
usage: python3 packaging/bootstrap.py COMMAND [...]

  demo [--seconds N] [...]   the console on a demo district
  test [PYTEST ARGUMENT...]  lint, types, layer contracts and all tests
  faults [...]               the long fault tests only
  gwanje [...]               any command of the console (try: gwanje --help)
  freeze                     the one-folder build, started and tested
  setup                      set up only

Sets up .venv from the hashed lock first; quick where that is already done."""

CHECKS = (
    ("lint", "ruff", ("check", ".")),
    ("format", "ruff", ("format", "--check", ".")),
    ("types", "mypy", ()),
    ("layers", "lint-imports", ("--no-cache",)),
    ("dependencies", "deptry", (".",)),
)


def main(arguments: list[str]) -> int:
    """Run one command; returns its exit status."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0 if arguments else 2
    command = COMMANDS.get(arguments[0])
    if command is None:
        print(f"bootstrap: there is no command {arguments[0]!r}\n{USAGE}", file=sys.stderr)
        return 2
    try:
        return command(arguments[1:])
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return 130


def demo(arguments: list[str]) -> int:
    """The demo on the real screen, or on a virtual one."""
    _runtime()
    provide_screen()
    return run([str(environment.python()), "-m", "console", "demo", *arguments], environment.anywhere())


def gwanje(arguments: list[str]) -> int:
    """Any command of the console, in the folder where the person stands."""
    _runtime()
    command = [str(environment.python()), "-m", "console", *arguments]
    if os.name == "posix":
        os.execve(command[0], command, environment.anywhere())
    return run(command, environment.anywhere())


def test(arguments: list[str]) -> int:
    """Every check, then the tests; pytest's closing line comes last unless a check failed."""
    _development()
    left_out = provide(COMPONENTS, "real components for the tests")
    for part in left_out:
        say(f"left out: {part.name} ({' '.join(part.packages)}); untested therefore: {part.promise}")
    if left_out and os.environ.get("CI", "").lower() not in ("", "0", "false"):
        raise SetupError("in CI nothing may be left out")
    env = environment.variables()
    failed = []
    for name, program, options in CHECKS:
        say(name)
        status = run([environment.tool(program), *options], env, cwd=str(ROOT))
        if status == 130:
            return status
        if status:
            failed.append(name)
    say("tests")
    given = arguments or ["-m", "not long", "--ignore=tests/bench", "tests"]
    status = _pytest(["-q", *given])
    if failed:
        say(f"failed besides: {', '.join(failed)}")
    return status or int(bool(failed))


def faults(arguments: list[str]) -> int:
    """The fault tests in their long form."""
    _development()
    provide(COMPONENTS, "real components for the tests")
    return _pytest(["-q", *(arguments or ["tests/faults"])])


def freeze(arguments: list[str]) -> int:
    """Build the frozen program, then start it and see that it does its work."""
    _development()
    missing = provide((*WINDOW, *COMPONENTS[-1:], *frozen_parts()), "freezing")
    if missing:
        raise SetupError(f"freezing needs {', '.join(part.name for part in missing)}")
    env = environment.variables()
    python = str(environment.python())
    status = run([python, str(ROOT / "packaging" / "build.py"), *arguments], env)
    return status or run([python, str(ROOT / "packaging" / "smoke.py")], env)


def setup(arguments: list[str]) -> int:
    """Set up for development and say where it is."""
    _development()
    say(f"ready: {environment.python()}")
    return 0


def _runtime() -> None:
    provide(QT, "the libraries that Qt and OpenCV load")
    environment.prepare("run")


def _development() -> None:
    provide((*QT, *WINDOW), "the libraries that Qt and OpenCV load")
    environment.prepare("dev")


def _pytest(arguments: list[str]) -> int:
    command = [str(environment.python()), "-m", "pytest", *arguments]
    return run(command, environment.variables(), cwd=str(ROOT))


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "demo": demo,
    "test": test,
    "faults": faults,
    "gwanje": gwanje,
    "freeze": freeze,
    "setup": setup,
}
