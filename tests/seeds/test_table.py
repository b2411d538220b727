"""The manual's table of systems is what their tests say."""

from __future__ import annotations

import pytest

from tests.seeds import table


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_table_of_the_manual_is_what_the_tests_say(language: str) -> None:
    table.complete()
    written = (table.MANUAL / f"systems-{language}.md").read_text(encoding="utf-8")
    assert written == table.written(language), "python -m tests.seeds.table writes it"


def test_every_system_of_the_seeds_has_a_test() -> None:
    table.complete()
    assert sorted(table.ROWS) == [f"S{number:02d}" for number in range(1, 51)]
