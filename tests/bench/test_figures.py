"""The figures in their short form; left out of the test run, measured by `bootstrap.py test tests/bench`."""

import pytest

from console.bench.figures import run


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["B1", "B2", "B3", "B4", "B6", "B7", "B8", "B9", "B10", "B50K"])
def test_the_figure_reaches_what_it_should(name: str) -> None:
    figure = run(name, quick=True)
    assert figure["holds"], figure
