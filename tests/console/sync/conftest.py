"""Consoles and centres for the tests of sync."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.sync.install import central_init
from console.sync.ports import Central
from tests.console.sync.desks import Desk
from tests.servers.postgres import DEVICE, DEVICE_PASSWORD, Postgres

NewDesk = Callable[..., Desk]


@pytest.fixture
def new_desk(tmp_path: Path) -> Iterator[NewDesk]:
    """Makes consoles on data folders of their own; all end with the test."""
    desks: list[Desk] = []

    def make(central: Central, name: str = "console-1") -> Desk:
        desk = Desk(tmp_path / f"desk{len(desks)}", central, name=name)
        desks.append(desk)
        return desk

    yield make
    for desk in desks:
        desk.close()


@pytest.fixture
def centre_url(postgres: Postgres) -> str:
    """A freshly installed central database; the URL is that of a console's login."""
    import psycopg

    name = "centre"
    with psycopg.connect(postgres.url(), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {name}")
    central_init(postgres.url(database=name), login=DEVICE, login_password=DEVICE_PASSWORD)
    return postgres.url(DEVICE, DEVICE_PASSWORD, name)
