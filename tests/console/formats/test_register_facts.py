"""What a register says of grade, inspection and papers reaches the tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.health import tree
from console.register_import import _day, read, write
from db.asset_records import Asset

REGISTER = """관리번호,시설명,주소,위도,경도,설치년월,최종점검일자,다음점검일자,안전등급,전화번호,도면
A-1,남문교,남문로 1,37.5,127.0,1998.04,20260502,2026년 11월 1일,C등급,02-000-0000,plan.pdf;표.hwp
A-2,북문교,북문로 2,37.51,127.01,,,,,,
"""


def test_grade_days_contact_and_papers_are_imported(tmp_path: Path) -> None:
    (tmp_path / "bridges.csv").write_text(REGISTER, encoding="utf-8")
    found = read(tmp_path / "bridges.csv", ("utf-8",))
    first = next(each for each in found.assets if each.name.endswith("남문교"))
    assert (first.grade, first.installed, first.inspected) == ("C", "1998-04", "2026-05-02")
    assert (first.inspect_by, first.contact) == ("2026-11-01", "02-000-0000")
    assert first.documents == ("plan.pdf", "표.hwp")
    write(tmp_path / "assets.toml", found.assets)
    assert tree.load(tmp_path / "assets.toml") == sorted(
        found.assets, key=lambda each: tree.KINDS.index(each.kind)
    )


def test_what_is_not_said_is_not_written(tmp_path: Path) -> None:
    write(tmp_path / "assets.toml", [Asset("d", "district", "구")])
    assert "documents" not in (tmp_path / "assets.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-05-02", "2026-05-02"), ("2026. 5. 2.", "2026-05-02"), ("20260502", "2026-05-02"),
        ("2026년 5월", "2026-05"), ("2026", "2026"), ("2026-13-01", ""), ("미정", ""), ("", ""), ("0001", ""),
    ],
)  # fmt: skip
def test_days_are_read_as_registers_write_them(text: str, day: str) -> None:
    assert _day(text) == day
