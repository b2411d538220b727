"""Packs in the settings: what they add, what the site's own words override."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.errors import SettingsError
from console.formats.decoders import decoder
from console.packs import installed, load
from console.packs.joining import joined
from console.settings import parse
from console.start import checked
from db.records import Flag, Reading

FEED = """
packs = ["air", "electric"]
[brokers.main]
[feeds.air]
topics = ["a/+"]
[[feeds.air.mappings]]
topic = "a/{source}"
values = [
  { quantity = "pm10", value = "pm10", unit = "ug/m3" },
  { quantity = "noise", value = "db", unit = "dB", maximum = 200 },
  { quantity = "temperature", value = "f", unit = "[degF]" },
]
"""


def read(text: str, message: object) -> dict[str, Reading]:
    settings = joined(parse(text, "gwanje.toml"), None)
    made = decoder("air", settings.feeds["air"])
    found = made.decode("a/s1", json.dumps(message).encode(), 1_000, False)
    return {each.quantity: each for each in found if isinstance(each, Reading)}


def test_a_value_outside_of_the_packs_range_is_marked_and_kept() -> None:
    found = read(FEED, {"pm10": 4000, "db": 150, "f": 170})
    assert (found["pm10"].value, found["pm10"].quality) == (4000, "out_of_range")
    assert found["noise"].quality == "good", "the mapping has a range of its own"
    assert found["temperature"].quality == "good", "the range is for another unit"


def test_forms_without_ranges_get_the_packs_ones() -> None:
    text = 'packs = ["traffic"]\n[brokers.main]\n[feeds.t]\nkind = "seoul"\ntopics = ["t"]'
    settings = joined(parse(text, "gwanje.toml"), None)
    xml = b"<TrafficInfo><row><link_id>1</link_id><prcs_spd>900</prcs_spd></row></TrafficInfo>"
    found = decoder("t", settings.feeds["t"]).decode("t", xml, 1_000, False)
    assert [each.quality for each in found if isinstance(each, Reading)] == ["out_of_range"]


def test_a_rule_of_the_site_wins_over_the_packs() -> None:
    own = '[[rules]]\nid = "panel-hot"\nkind = "threshold"\nquantity = "panel_temperature"\nabove = 70\n'
    settings = joined(parse(FEED + own, "gwanje.toml"), None)
    assert next(rule for rule in settings.rules if rule.id == "panel-hot").above == 70
    assert "panel-fire" in {rule.id for rule in settings.rules}


def test_a_rule_carries_the_guidance_of_its_pack_as_steps() -> None:
    settings = joined(parse(FEED, "gwanje.toml"), None)
    fire = next(rule for rule in settings.rules if rule.id == "panel-fire")
    assert fire.guidance.startswith("1. 주변 카메라로")
    assert fire.guidance_en.splitlines()[1].startswith("2. Call 119")


def test_an_unknown_pack_is_named_with_those_that_there_are(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('packs = ["aire"]', encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        checked(path)
    assert f"{path}: key packs[0]: found 'aire'; allowed: air, cctv" in str(caught.value)


def test_a_pack_beside_the_settings_replaces_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "packs").mkdir()
    text = (load.SHIPPED / "electric.toml").read_text(encoding="utf-8").replace("above = 60", "above = 66")
    (tmp_path / "packs" / "electric.toml").write_text(text, encoding="utf-8")
    settings = joined(parse('packs = ["electric"]', "gwanje.toml"), tmp_path)
    assert next(rule for rule in settings.rules if rule.id == "panel-hot").above == 66
    assert load.files(tmp_path)["electric"] == tmp_path / "packs" / "electric.toml"


def test_what_a_pack_needs_is_there_once_a_feed_maps_it() -> None:
    seen = {each.pack.pack.id: each for each in installed.every(parse(FEED, "gwanje.toml"), None)}
    assert (seen["air"].in_use, seen["air"].need_met) == (True, (True,))
    assert (seen["electric"].in_use, seen["electric"].need_met) == (True, (False,))
    assert not seen["cctv"].in_use


def test_a_pack_that_cannot_be_read_is_listed_with_its_fault(tmp_path: Path) -> None:
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / "mine.toml").write_text("[pack]\nid = 1", encoding="utf-8")
    seen = {each.pack.pack.id: each for each in installed.every(parse("", "gwanje.toml"), tmp_path)}
    assert "key pack.id: found 1" in seen["mine"].faults[0]


def test_a_mapping_may_say_that_its_values_are_a_forecast() -> None:
    text = FEED.replace('topic = "a/{source}"', 'topic = "a/{source}"\nforecast = true')
    assert read(text, {"pm10": 40})["pm10"].flags == Flag.FORECAST
