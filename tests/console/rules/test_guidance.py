"""Guidance comes from the nearest who has given it: rule, asset, facility, domain, pack."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from console.rules.guidance import by_id, resolve
from console.rules.overlay import Base
from db.alarm_records import Rule
from db.asset_records import Asset
from db.rule_records import GuidanceText

ASSETS = by_id(
    [
        Asset("d", "district", "구"),
        Asset("f", "facility", "시장", parent="d", domain="electric"),
        Asset("p", "device", "분전반", parent="f"),
        Asset("c", "channel", "온도", parent="p"),
    ]
)
PACKED = Rule("hot", "threshold", above=1.0, guidance="묶음", guidance_en="pack")
BASE = Base((PACKED,), {"hot": "electric"}, frozenset({"hot"}))
ORDER = ("rule", "c", "p", "f", "electric", "pack")


def text(level: str, of: str) -> GuidanceText:
    return GuidanceText(level, of, of, of, 0, "kim", "why")  # type: ignore[arg-type]


@given(st.sets(st.sampled_from(ORDER)))
def test_the_nearest_counts(those: set[str]) -> None:
    rule = replace(PACKED, guidance="자체") if "rule" in those else PACKED
    if "pack" not in those and "rule" not in those:
        rule = replace(PACKED, guidance="", guidance_en="")
    texts = {("asset", each): text("asset", each) for each in ("c", "p", "f") if each in those}
    if "electric" in those:
        texts["domain", "electric"] = text("domain", "electric")
    told = resolve(rule, BASE, "c", ASSETS, texts)
    first = next((each for each in ORDER if each in those), "")
    assert told.ko == {"rule": "자체", "pack": "묶음"}.get(first, first)


def test_the_words_of_a_pack_stay_the_packs_when_a_limit_is_edited() -> None:
    edited = replace(PACKED, above=2.0, version=2)
    assert resolve(edited, BASE, "c", ASSETS, {}).level == "pack"
    assert resolve(edited, BASE, "c", ASSETS, {("asset", "f"): text("asset", "f")}).of == "f"


@pytest.mark.parametrize("asset", ["", "gone"])
def test_an_alarm_of_no_known_asset_has_its_rules_words(asset: str) -> None:
    assert resolve(PACKED, BASE, asset, ASSETS, {}).ko == "묶음"
    assert resolve(None, BASE, asset, ASSETS, {}).ko == ""
