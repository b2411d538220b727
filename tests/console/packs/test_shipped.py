"""The packs that come with the program: right, complete in both languages, and shown by their replays."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.packs import check, load, replay
from console.packs.joining import joined
from console.packs.samples import settings
from console.packs.tables import Pack
from db.alarm_records import Rule
from tests.console.packs import stories

FILES = sorted(load.SHIPPED.glob("*.toml"))
PACKS = {path.stem: load.load(path) for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_pack_has_no_fault(path: Path) -> None:
    assert check.checked(path) == []


def test_there_is_a_pack_for_every_field_of_the_city() -> None:
    assert set(PACKS) == {
        "air", "cctv", "crosswalk", "datahub", "disaster", "electric", "indicators", "infection", "network",
        "parking", "people", "person", "pole", "shelter", "structure", "traffic", "vehicle",
    }  # fmt: skip


def test_every_system_of_the_seeds_is_served_by_a_pack() -> None:
    served = {each for pack in PACKS.values() for each in pack.pack.serves}
    assert served == {f"S{number:02d}" for number in range(1, 51)}


@pytest.mark.parametrize("name", PACKS)
def test_a_replay_is_what_its_story_tells_and_small(name: str) -> None:
    text = (load.SHIPPED / "replays" / f"{name}.ndjson").read_text(encoding="utf-8")
    assert text == stories.told(name)
    assert len(text.encode()) <= replay.LARGEST


@pytest.mark.parametrize("pack", PACKS.values(), ids=list(PACKS))
def test_a_pack_has_words_a_card_rules_guidance_and_devices_to_show(pack: Pack) -> None:
    assert pack.pack.about and pack.pack.about_en
    assert pack.quantities and pack.rules and pack.guidance and pack.samples and pack.feeds
    assert pack.card.figures


def all_rules() -> list[Rule]:
    return [rule for pack in PACKS.values() for rule in pack.rules]


def test_no_two_packs_have_a_rule_of_one_name() -> None:
    names = [rule.id for rule in all_rules()]
    assert sorted(names) == sorted(set(names))


def test_a_limit_without_an_official_source_says_that_it_is_an_example() -> None:
    official = (
        "법",
        "규칙",
        "규정",
        "TTA",
        "CAP",
        "KISA",
        "TOPIS",
        "S-DoT",
        "백신",
        "통합플랫폼",
        "경찰",
        "광역",
        "비상벨",
        "안심",
    )
    for rule in all_rules():
        assert "예시 / example" in rule.basis or any(word in rule.basis for word in official), rule.id


def test_a_quantity_of_two_packs_is_the_same_in_both() -> None:
    seen: dict[str, str] = {}
    for pack in PACKS.values():
        for each in pack.quantities:
            assert seen.setdefault(each.name, each.unit) == each.unit, each.name


def test_trap_24_a_forecast_alarms_only_as_one() -> None:
    for pack in PACKS.values():
        predicted = {each.name for each in pack.quantities if each.forecast}
        for rule in pack.rules:
            assert (rule.quantity in predicted) == (rule.kind == "forecast"), rule.id
            assert rule.kind != "forecast" or rule.priority == 4, rule.id


def test_trap_12_the_dust_rule_is_two_hours_and_clears_below_its_own_limit() -> None:
    rules = {rule.id: rule for rule in PACKS["air"].rules}
    found = [
        (rule.above, rule.clear, rule.hold, rule.hourly, rule.at_limit)
        for rule in (
            rules["pm10-advisory"],
            rules["pm10-warning"],
            rules["pm25-advisory"],
            rules["pm25-warning"],
        )
    ]
    assert found == [
        (150, 100, 2, True, True),
        (300, 150, 2, True, True),
        (75, 35, 2, True, True),
        (150, 75, 2, True, True),
    ]


def test_all_packs_work_together_in_one_site() -> None:
    made = joined(settings(list(PACKS.values())), None)
    assert len(made.rules) == len(all_rules())
    assert joined(made, None) == made
