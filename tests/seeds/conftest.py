"""One console for all systems of a module; nothing that is on the screens of one is on another's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import alone
from tests.seeds.desk import Desk


@pytest.fixture(scope="module", autouse=True)
def nothing_left_running() -> Iterator[None]:
    """As for every test, but over the module: its console starts some threads only when it needs them."""
    with alone():
        yield


@pytest.fixture(scope="module")
def desk(
    nothing_left_running: None, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """With the packs' feeds, one of each form, and what the module names in FEEDS, ASSETS and CAMERAS."""
    module = request.module
    given = [getattr(module, name, ()) for name in ("FEEDS", "ASSETS", "CAMERAS")]
    with Desk(tmp_path_factory.mktemp("seeds"), dict(given[0]), *given[1:]) as found:
        yield found
