"""`gwanje central init` and `check`: bring a central platform up, and say how it is.

`init` needs a PostgreSQL role that may create roles and a schema; it can be
run again at any time. What it makes is owned by that role, and the consoles'
role `gwanje_device` may call its functions and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from console.clock import SystemClock
from console.errors import Refused, SettingsError, Unavailable
from console.sync.opening import file_folder, is_postgres, open_central, public_url

if TYPE_CHECKING:
    import psycopg

VERSION = 1
OLDEST_SERVER = 14_00_00
GROUP = "gwanje_device"
SCRIPTS = ("001_tables.sql", "002_functions.sql", "003_rights.sql")

_SQL = Path(__file__).resolve().parents[2] / "resources" / "central"
_LOGIN = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_LOCK = 0x67776A63  # "gwjc": one installer at a time


class Check(NamedTuple):
    """What `check` found; `well` if a console can work with it."""

    url: str
    well: bool
    lines: list[str]


def central_init(
    url: str,
    password: str = "",
    *,
    login: str = "",
    login_password: str = "",
    base: Path | None = None,
) -> list[str]:
    """Install or upgrade the centre at `url`; returns what was done, a line each.

    With `login` a role of that name is made (or given a new password) that
    consoles log in with. Raises SettingsError, Refused, Unavailable.
    """
    if not is_postgres(url):
        folder = file_folder(url, base)
        open_central(url, base=base).hello()
        return [f"the folder {folder} is a central platform"]
    if login and not _LOGIN.fullmatch(login):
        raise SettingsError(f"The login {login[:70]!r} cannot be a role; allowed: a-z, 0-9, _, at most 63")
    return _in_postgres(url, password, lambda connection: _install(connection, login, login_password))


def _in_postgres(url: str, password: str, work: Callable[[psycopg.Connection[Any]], list[str]]) -> list[str]:
    open_central(url, password).close()  # says so if the driver is missing
    from console.sync.postgres import connect, speaking

    connection = connect(url, password)
    try:
        with speaking(password):
            return work(connection)
    finally:
        connection.close()


def _install(connection: psycopg.Connection[Any], login: str, login_password: str) -> list[str]:
    done: list[str] = []
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute("SET LOCAL client_min_messages = warning")
        encoding = connection.execute("SHOW server_encoding").fetchone()
        if encoding is None or encoding[0] != "UTF8":
            raise Refused(f"The database is encoded in {encoding and encoding[0]}; UTF8 is needed")
        if connection.info.server_version < OLDEST_SERVER:
            raise Refused(f"PostgreSQL {OLDEST_SERVER // 10_000} or newer is needed")
        before = _version(connection)
        if before is not None and before > VERSION:
            raise Refused(f"The centre is of version {before}, newer than this program's {VERSION}")
        done += _make_role(connection)
        for name in SCRIPTS:
            connection.execute((_SQL / name).read_bytes())
        connection.execute(
            "INSERT INTO gwanje_central.centre (version) VALUES (%s)"
            " ON CONFLICT (only_one) DO UPDATE SET version = excluded.version",
            (VERSION,),
        )
        done.append(_told(before))
        if login:
            done += _make_login(connection, login, login_password)
    return done


def _told(before: int | None) -> str:
    if before is None:
        return f"schema gwanje_central of version {VERSION} made: tables, functions, rights"
    if before == VERSION:
        return f"schema gwanje_central is of version {VERSION} already; functions and rights set again"
    return f"schema gwanje_central upgraded from version {before} to {VERSION}"


def _version(connection: psycopg.Connection[Any]) -> int | None:
    there = connection.execute("SELECT to_regclass('gwanje_central.centre') IS NOT NULL").fetchone()
    if there is None or not there[0]:
        return None
    row = connection.execute("SELECT version FROM gwanje_central.centre").fetchone()
    return int(row[0]) if row else None


def _make_role(connection: psycopg.Connection[Any]) -> list[str]:
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (GROUP,)).fetchone():
        return [f"role {GROUP} is there"]
    connection.execute(f"CREATE ROLE {GROUP} NOLOGIN")
    return [f"role {GROUP} made; it may call the functions and nothing else"]


def _make_login(connection: psycopg.Connection[Any], login: str, password: str) -> list[str]:
    from psycopg import sql

    there = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = %s", (login,)).fetchone()
    if there and there[0]:
        raise Refused(f"The role {login} is a superuser; consoles need a login of their own")
    name = sql.Identifier(login)
    if not there:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN NOINHERIT").format(name))
    if password:
        # Sealed here: neither the wire nor the server's log ever has the password itself.
        sealed = connection.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256")
        asked = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(sealed.decode()))
        connection.execute(asked)
    connection.execute(sql.SQL("ALTER ROLE {} INHERIT").format(name))
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(GROUP), name))
    return [f"login {login} {'given its password and rights' if there else 'made'}"]


def central_check(url: str, password: str = "", *, base: Path | None = None) -> Check:
    """Whether a console could work with the centre at `url`, and what stands there; changes nothing.

    For a `file:` centre the folder is made if it is not there.
    """
    try:
        shown = public_url(url)
        central = open_central(url, password, base=base)
    except SettingsError as error:
        return Check("", False, [str(error)])
    try:
        hello = central.hello()
        lines = [f"answers; version {hello.version}, {hello.last} rows"]
        offset = SystemClock().now_ms() - hello.clock_ms
        lines.append(f"our clock is {offset / 1000:+.1f} s from its clock")
        well = hello.version == VERSION
        if not well:
            lines.append(f"version {VERSION} is needed: run `gwanje central init`")
        if is_postgres(url):
            rights = _in_postgres(url, password, _rights)
            lines += rights
    except (Refused, Unavailable) as error:
        return Check(shown, False, [str(error), "if it was never installed: run `gwanje central init`"])
    finally:
        central.close()
    return Check(shown, well, lines)


def _rights(connection: psycopg.Connection[Any]) -> list[str]:
    """What the role we came in with may do beyond the functions, a line each."""
    row = connection.execute(
        "SELECT current_user, rolsuper, has_table_privilege('gwanje_central.entry', 'SELECT'),"
        " has_table_privilege('gwanje_central.entry', 'INSERT, UPDATE, DELETE, TRUNCATE')"
        " FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    if row is None:
        return []
    name, is_super, reads, writes = row
    if is_super:
        return [f"the role {name} is a superuser; consoles should come with a login of their own"]
    if reads or writes:
        return [f"the role {name} may {'write' if writes else 'read'} the tables; a console's may only call"]
    return [f"the role {name} may call the functions and nothing else"]
