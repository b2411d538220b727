"""Faults of a pack: each is found and said in a sentence that names the key and what was found."""

# ruff: noqa: E501 - one fault stands on one line

from __future__ import annotations

from pathlib import Path

import pytest

from console.packs import check, load

GOOD = (load.SHIPPED / "electric.toml").read_text(encoding="utf-8")


def said(folder: Path, old: str, new: str) -> str:
    assert old in GOOD, old
    path = folder / "electric.toml"
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    faults = check.checked(path)
    assert faults, "nothing was found"
    assert all(fault.startswith(str(path)) for fault in faults)
    return "\n".join(faults)


@pytest.mark.parametrize(
    ("old", "new", "key", "found"),
    [
        ('unit = "mA"\nminimum', 'unit = "milliamp"\nminimum', "quantities[0].unit", "'milliamp', which is no UCUM"),
        ('id = "arc-seen"\nkind = "threshold"\nquantity = "arc"', 'id = "arc-seen"\nkind = "threshold"\nquantity = "ark"',
         "rules[2]", "'ark', which is no quantity of the pack; allowed: arc, leakage"),
        ("above = 80", "above = 800", "rules[4].above", "800; panel_temperature can only be -40.0 to 300.0 Cel"),
        ('name_en = "Arc seen"\n', "", "rules[2].name", "no words for rule 'arc-seen'"),
        ('basis = "예시 / example"\n\n[[rules]]\nid = "panel-hot"', '\n[[rules]]\nid = "panel-hot"', "rules[2].basis",
         "nothing; the source of the limit"),
        ('file = "electric.ndjson"', 'file = "elsewhere.ndjson"', "replay.file", "cannot be read"),
        ('id = "electric"', 'id = "electrical"', "pack.id", "'electrical'; the file's name 'electric'"),
        ('serves = ["S17"]', 'serves = ["S77"]', "pack.serves[0]", "'S77'; S01 to S50"),
        ('kinds = ["mapping", "sparkplug", "senml", "onem2m"]', 'kinds = ["carrier-pigeon"]', "needs[0].kinds", "'carrier-pigeon'"),
        ("upto = 1.0", "upto = 0.4", "grades", "steps of leakage that do not rise"),
        ("minimum = 0\nmaximum = 500", "minimum = 600\nmaximum = 500", "quantities[2].minimum", "600; less than"),
        ('on = "panel-fire"', 'on = "panel-smoke"', "guidance[1].on", "'panel-smoke'; the id of a rule"),
        ('"leakage", show = "grades"', '"load", show = "grades"', "card.figures[1].show", "load has no grades"),
        ('source = "rp-panel-2"', 'source = "rp-panel-1"', "samples", "'rp-panel-1' twice"),
        ('value = "ior_ma", unit = "mA"', 'value = "ior_ma", unit = "A"', "feeds.electric.mappings", "'A' for leakage; 'mA'"),
        ("priority = 1", "priority = 9", "rules[2].priority", "9"),
        ("decimals = 2", "decimal = 2", "quantities[0]", "unknown field `decimal`"),
        ('en = "Leakage"', 'en = ""', "card.figures[0]", "words in one language only"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_key_and_what_was_found(
    tmp_path: Path, old: str, new: str, key: str, found: str
) -> None:
    text = said(tmp_path, old, new)
    assert f"key {key}" in text, text
    assert found in text, text


def test_all_faults_are_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "electric.toml"
    path.write_text(GOOD.replace('unit = "mA"', 'unit = "x"').replace("S17", "S99"), encoding="utf-8")
    assert len(check.checked(path)) >= 2


def test_a_replay_that_no_feed_takes_is_a_fault(tmp_path: Path) -> None:
    text = said(tmp_path, 'topics = ["replay/electric/+"]', 'topics = ["other/+"]')
    assert "no feed of the pack takes 'replay/electric/rp-panel-1'" in text


@pytest.mark.parametrize(
    "text", ["", "x = 1", "[pack", 'pack = "x"', "[pack]\nid = 'a'\nname = 'b'\nname_en = 'c'\n[[rules]]"]
)
def test_a_file_that_is_no_pack_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text, encoding="utf-8")
    assert check.checked(path)


def test_bytes_that_are_no_text_are_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "is not UTF-8" in check.checked(path)[0]
