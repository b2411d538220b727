"""Systems of the seeds that are served by exports and reports: what goes out for each of them."""

from __future__ import annotations

from console.packs import figures
from tests.seeds.desk import Desk
from tests.seeds.table import served


@served(
    "S49",
    "스마트도시 인증 지표",
    "Certification indicators",
    "–",
    "indicators",
    ("지표 보고", "report of indicators"),
    ("공식 지표 문구(공개되지 않음)", "official wording (not published)"),
)
def test_s49_indicators_are_reported(desk: Desk) -> None:
    assert figures.report(desk.core, [], 365.0)
