"""The commands of bootstrap.py."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import environment
from environment import ROOT
from machine import COMPONENTS, FAULTS, QT, WINDOW, SetupError, frozen_parts, provide, say
from running import provide_screen, run

USAGE = """\
usage: python3 packaging/bootstrap.py COMMAND [...]

  demo [--seconds N] [...]   the console on a demo district
  test [PYTEST ARGUMENT...]  lint, types, layer contracts and all tests
  faults [--full] [--seed N] [PYTEST ARGUMENT...]
                             the fault tests: power cut, failing calls, flipped bits, full disk,
                             clocks; --full runs their long forms too, --seed repeats a run
  gwanje [...]               any command of the console (try: gwanje --help)
  freeze                     the one-folder build, started and tested
  screens [SIZE...]          the pictures of the manual, drawn anew from the demo
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
    left_out = provide((*COMPONENTS, *FAULTS), "real components for the tests")
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
    """The fault tests in their short form, or with --full in every form; seeds and totals come last."""
    if "--help" in arguments or "-h" in arguments:
        print(USAGE)
        return 0
    _development()
    provide((*COMPONENTS, *FAULTS), "real components for the tests")
    given, env = list(arguments), environment.variables()
    if "--seed" in given:
        at = given.index("--seed")
        if not given[at + 1 : at + 2] or not given[at + 1].isdigit():
            raise SetupError("--seed takes a whole number, as an earlier run printed it")
        env = {**env, "GWANJE_FAULTS_SEED": given[at + 1]}
        del given[at : at + 2]
    forms = [] if "--full" in given else ["-m", "not long"]
    given = [each for each in given if each != "--full"]
    where = [] if any(each.startswith("tests") for each in given) else ["tests/faults"]
    return _pytest(["-q", *forms, *given, *where], env)


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


def screens(arguments: list[str]) -> int:
    """Draw the pictures of the manual anew."""
    _development()
    provide_screen()
    command = [str(environment.python()), str(ROOT / "packaging" / "screens.py"), *arguments]
    return run(command, environment.variables())


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


def _pytest(arguments: list[str], env: dict[str, str] | None = None) -> int:
    command = [str(environment.python()), "-m", "pytest", *arguments]
    return run(command, env or environment.variables(), cwd=str(ROOT))


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "demo": demo,
    "test": test,
    "faults": faults,
    "gwanje": gwanje,
    "freeze": freeze,
    "screens": screens,
    "setup": setup,
}
