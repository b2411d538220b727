"""One console for all systems of a module; nothing that is on the screens of one is on another's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.seeds.desk import Desk


@pytest.fixture(scope="module")
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """With the packs' feeds, one of each form, and those that the module names in FEEDS."""
    feeds = getattr(request.module, "FEEDS", None)
    with Desk(tmp_path_factory.mktemp("seeds"), feeds) as found:
        yield found
