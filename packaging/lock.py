"""Make the lock files again from pyproject.toml: `python packaging/lock.py [--upgrade]`.

They hold hashes for every platform and name no address, so that a site behind its own
mirror installs from them unchanged.
"""

from __future__ import annotations

import subprocess
import sys

from environment import ROOT, find_uv, site_variables, variables

COMMON = (
    "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11", "--generate-hashes",
    "--no-emit-index-url", "--no-header", "--quiet", "--extra", "postgres", "--extra", "demo",
)  # fmt: skip


def main(arguments: list[str]) -> None:
    """First what the program runs with, then the same with the development tools."""
    env = {**variables(), **site_variables()}
    command = [*find_uv(), *COMMON, *arguments]
    subprocess.run([*command, "-o", "requirements.txt"], cwd=ROOT, env=env, check=True)
    development = ["--group", "dev", "-c", "requirements.txt", "-o", "requirements-dev.txt"]
    subprocess.run([*command, *development], cwd=ROOT, env=env, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
