"""Asset files: what is right is read, what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.errors import SettingsError
from console.health.tree import load

GOOD = """
[[asset]]
id = "c"
kind = "channel"
name = "누설전류"
parent = "v"
source = "s"
quantity = "leak"

[[asset]]
id = "d"
kind = "district"
name = "한빛구"

[[asset]]
id = "v"
kind = "device"
name = "분전반"
parent = "d"
source = "s"
silent_after_s = 10
lon = 126.9
lat = 37.5
"""

CSV = (
    "id,kind,name,parent,source,quantity,silent_after_s,lon\r\n"
    "d,district,한빛구,,,,,\r\n"
    "v,device,분전반,d,s,,10,126.9\r\n"
)


def written(folder: Path, text: str | bytes, name: str = "assets.toml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_parents_come_before_their_children(tmp_path: Path) -> None:
    assert [asset.id for asset in load(written(tmp_path, GOOD))] == ["d", "v", "c"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_a_table_of_a_spreadsheet_is_read(tmp_path: Path, encoding: str) -> None:
    found = load(written(tmp_path, CSV.encode(encoding), "assets.csv"))
    assert [(asset.id, asset.name, asset.silent_after_s, asset.lon) for asset in found] == [
        ("d", "한빛구", 0, None),
        ("v", "분전반", 10, 126.9),
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('kind = "device"', 'kind = "gadget"', ["'v'", "key kind: found 'gadget'", "facility"]),
        ('parent = "d"', 'parent = "x"', ["'v'", "key parent: found 'x'"]),
        ('parent = "d"', 'parent = "c"', ["'v'", "key parent: found 'c', a channel"]),
        ('quantity = "leak"', "", ["'c'", "key quantity"]),
        ("silent_after_s = 10", 'silent_after_s = "10"', ["'v'", "key silent_after_s: found '10'", "int"]),
        ("silent_after_s = 10", "silent_after_s = -1", ["'v'", "key silent_after_s: found -1"]),
        ('id = "v"', 'id = "d"', ["key id: found 'd' twice"]),
        ("lon = 126.9", "longitude = 126.9", ["'v'", "key longitude: found 126.9"]),
        ("[[asset]]", "[[assets]]", ["key assets"]),
        ("[[asset]]", "[[asset", ["is not TOML"]),
    ],
)
def test_a_fault_names_file_key_found_and_allowed(
    tmp_path: Path, before: str, after: str, said: list[str]
) -> None:
    assert before in GOOD
    path = written(tmp_path, GOOD.replace(before, after))
    with pytest.raises(SettingsError) as fault:
        load(path)
    for part in (str(path), *said):
        assert part in str(fault.value)


def test_a_fault_in_a_spreadsheet_names_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, CSV.replace("126.9", "east"), "assets.csv")
    with pytest.raises(SettingsError, match=r"line 3: key lon: found 'east'; a number"):
        load(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml: cannot be read"):
        load(tmp_path / "nowhere.toml")


def test_a_facility_has_its_grade_its_days_and_its_papers(tmp_path: Path) -> None:
    told = (
        'id,kind,name,parent,grade,inspect_by,contact,documents\n'
        'd,district,구,,,,,\n'
        'f,facility,시장,d,C,2026-10-20,관리실,도면.pdf; 점검표.hwp\n'
    )  # fmt: skip
    path = tmp_path / "assets.csv"
    path.write_text(told, encoding="utf-8")
    found = load(path)[1]
    assert (found.grade, found.inspect_by, found.documents) == ("C", "2026-10-20", ("도면.pdf", "점검표.hwp"))
    path.write_text(told.replace("2026-10-20", "내년 봄"), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"inspect_by.*'내년 봄'.*YYYY-MM-DD"):
        load(path)
