"""What the domain cards tell."""

from __future__ import annotations

from typing import Any

from db.asset_records import Asset, AssetState, Condition
from db.records import Flag, Latest
from widgets.domain_model import SAMPLE_MS, Domains

ASSETS = [
    Asset("d", "district", "D"),
    Asset("air", "facility", "대기", parent="d", domain="air"),
    *(Asset(f"s{n}", "device", f"S{n}", parent="air", source=f"s{n}", silent_after_s=10) for n in (1, 2)),
    Asset("s1/pm", "channel", "PM", parent="s1", source="s1", quantity="pm10"),
    Asset("s1/t", "channel", "T", parent="s1", source="s1", quantity="temperature"),
    Asset("s2/pm", "channel", "PM", parent="s2", source="s2", quantity="pm10"),
]


def value(source: str, figure: float, quantity: str = "pm10", **more: Any) -> Latest:
    return Latest(source, quantity, more.pop("statistic", "inst"), figure, "ug/m3", 1, 1, **more)


def condition(asset: str, condition: Condition = Condition.WELL, **more: Any) -> AssetState:
    return AssetState(asset, condition, well=1, total=2, **more)


def domains(*records: Any, now_ms: int = 0) -> Domains:
    made = Domains()
    made.set_assets(ASSETS, now_ms)
    made.apply(records, now_ms)
    return made


def test_a_well_domain_tells_the_highest_of_its_main_quantity() -> None:
    made = domains(condition("air"), value("s1", 30), value("s2", 70), value("s1", 99, "temperature"))
    assert made.all[0].told == "s2/pm"


def test_what_must_not_be_taken_for_live_is_not_told() -> None:
    made = domains(
        condition("air"),
        condition("s2/pm", Condition.SILENT),
        value("s2", 70),
        value("s1", 80, flags=int(Flag.RETAINED)),
    )
    assert made.all[0].told == ""
    made.apply([value("s1", 20), value("s1", 90, statistic="max")], SAMPLE_MS)
    assert made.all[0].told == "s1/pm"


def test_a_domain_that_is_not_well_tells_the_leaf_that_decided() -> None:
    made = domains(condition("air"), value("s1", 30), value("s2", 70))
    made.apply([condition("air", Condition.BAD, worst="s1/pm", priority=1)], 10)
    assert (made.all[0].told, made.all[0].priority) == ("s1/pm", 1)
    made.apply([condition("air")], SAMPLE_MS)
    made.apply([value("s1", 30)], 2 * SAMPLE_MS)
    assert made.all[0].told == "s2/pm"


def test_the_curve_is_of_what_the_card_tells() -> None:
    made = domains(condition("air"), value("s1", 30), value("s2", 41))
    assert made.curved(made.all[0]) == ("s2", "pm10")
    made.apply([condition("air", Condition.SILENT, worst="s1")], 9000)
    assert made.curved(made.all[0]) == ("s1", "pm10")


def test_a_source_that_says_nothing_is_silent() -> None:
    made = domains(condition("air"), value("s1", 30), now_ms=1000)
    made.apply([condition("s1", last_seen_ms=1000), condition("air", Condition.BAD, worst="s1/pm")], 40_000)
    assert made.silent_s("s1/pm", 41_000) == 40
