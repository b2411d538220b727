"""A real PostgreSQL in a folder of its own, on a free loopback port, run by an unprivileged user."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DEVICE, DEVICE_PASSWORD = "console_login", "device-secret"


def programs() -> Path | None:
    """The folder of initdb and pg_ctl of the newest PostgreSQL of this machine."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: -int(each.parent.name)):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).parent if found else None


class Postgres:
    """One cluster: `start`, `stop`, `cut`; it keeps its port and its data in between."""

    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self.folder, self._bin = folder, bin_folder
        self.port = free_port()
        self._user = _unprivileged()
        folder.mkdir(mode=0o700)
        if self._user is not None:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
        self._run("initdb", "-D", "data", "-U", "postgres", "-E", "UTF8", "--locale=C", "-A", "trust", "-N")
        hba = ("host all postgres 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256")
        (folder / "data" / "pg_hba.conf").write_text("\n".join(hba) + "\n")

    def url(self, user: str = "postgres", password: str = "", database: str = "postgres") -> str:
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=20"
        )
        self._run("pg_ctl", "-D", "data", "-w", "-t", "60", "-l", "log", "-o", options, "start")

    def stop(self) -> None:
        """End it in an orderly way."""
        self._run("pg_ctl", "-D", "data", "-w", "-m", "fast", "stop", check=False)

    def cut(self) -> None:
        """End it at once, as a loss of power would; connections are simply gone."""
        self._run("pg_ctl", "-D", "data", "-w", "-m", "immediate", "stop")

    def _run(self, program: str, *args: str, check: bool = True) -> None:
        user: dict[str, Any] = {}
        if self._user is not None:
            user = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        with (self.folder / "out").open("ab") as out:
            done = subprocess.run(
                [str(self._bin / program), *args],
                cwd=self.folder,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=120,
                **user,
            )
        if check and done.returncode:
            log = self.folder / "log"
            said = (self.folder / "out").read_text()[-1000:] + (
                log.read_text()[-1500:] if log.exists() else ""
            )
            raise RuntimeError(f"{program} failed:\n{said}")


def _unprivileged() -> Any:
    """PostgreSQL refuses to run as root; then it runs as its own user, or as nobody."""
    if os.name != "posix" or os.geteuid() != 0:
        return None
    import pwd

    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("there is no unprivileged user to run PostgreSQL as")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Postgres]:
    """A running cluster that tests share; each takes a database of its own from it."""
    bin_folder = programs()
    if bin_folder is None:
        pytest.skip("postgresql is not installed")
    base = Path(tempfile.mkdtemp(prefix="gwanje-postgres-"))  # pytest's own folders are closed to other users
    base.chmod(0o711)
    cluster = Postgres(base / "cluster", bin_folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(base, ignore_errors=True)


@pytest.fixture
def postgres(postgres_cluster: Postgres) -> Postgres:
    """The shared cluster, running."""
    return postgres_cluster
