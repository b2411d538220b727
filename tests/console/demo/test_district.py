"""한빛구 behaves, and its messages pass through the same decoders and rules as a real site's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from console.alarms.reducer import Reducer
from console.alarms.rulebook import Rulebook
from console.demo import places, site
from console.demo.district import District, Message, Story
from console.formats.decoders import Decoder, decoder
from console.health.tree import load as load_assets
from console.settings import Settings, load
from db.readings import StoredReading
from db.records import Event, Reading, SetAside

START = 1_800_000_000_000
URLS = [f"http://127.0.0.1:1/{n}" for n in range(12)]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load(written(tmp_path_factory.mktemp("site")))


def written(folder: Path) -> Path:
    return site.write_site(
        folder, broker_port=1883, camera_urls=URLS, central_path=folder / "central", password="secret"
    )


def told(seconds: int, seed: int = 1, story: Story = "busy") -> list[tuple[int, Message]]:
    district = District(seed, story)
    district.messages(START)
    return [
        (START + n * 1000, message)
        for n in range(1, seconds + 1)
        for message in district.messages(START + n * 1000)
    ]


def decoded(
    settings: Settings, messages: Iterable[tuple[int, Message]]
) -> Iterator[Reading | Event | SetAside]:
    decoders: dict[str, Decoder] = {name: decoder(name, each) for name, each in settings.feeds.items()}
    for at_ms, message in messages:
        for record in decoders[message.topic.split("/")[1]].decode(
            message.topic, message.payload, at_ms, False
        ):
            assert isinstance(record, (Reading, Event, SetAside))
            yield record


def test_the_settings_written_are_the_settings_read(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert load(path) == site.settings(1883, URLS, tmp_path / "central")
    assert (tmp_path / "broker.password").read_text() == "secret"
    assert "secret" not in path.read_text(encoding="utf-8")
    found = load_assets(tmp_path / "assets.toml")
    assert {asset.id for asset in found} == {asset.id for asset in site.assets()}
    assert {camera.asset for camera in load(path).cameras} <= {asset.id for asset in found}


def test_every_limit_says_that_it_is_an_example(settings: Settings) -> None:
    assert {rule.basis for rule in settings.rules} == {"예시 / example"}


@trials(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 7000), max_size=12))
def test_stepping_in_other_steps_changes_nothing(steps: list[int]) -> None:
    one, other = District(3), District(3)
    one.messages(START)
    other.messages(START)
    at_ms, pieces = START, []
    for step in steps:
        at_ms += step
        pieces += other.messages(at_ms)
    assert sorted(pieces) == sorted(one.messages(at_ms))


def test_another_seed_is_another_day() -> None:
    assert told(10, seed=1) == told(10, seed=1) != told(10, seed=2)


def test_nearly_everything_is_read_and_garbage_is_set_aside(settings: Settings) -> None:
    kinds = Counter(type(record) for record in decoded(settings, told(60)))
    assert kinds[Reading] > 5000
    assert 1 <= kinds[SetAside] <= 10
    assert kinds[Event] == 1


def test_a_faulty_sensor_is_out_of_range(settings: Settings) -> None:
    found = {
        record.source
        for record in decoded(settings, told(20))
        if isinstance(record, Reading) and record.quality == "out_of_range"
    }
    assert found == {places.FAULTY_SENSOR}


def alarms_of(settings: Settings, seconds: int, story: Story = "busy") -> list[tuple[str, str, str, float]]:
    reducer = Reducer(Rulebook(settings.rules, site.assets()))
    reducer.start(START)
    readings = [each for each in decoded(settings, told(seconds, story=story)) if isinstance(each, Reading)]
    reducer.readings(StoredReading(n, each) for n, each in enumerate(readings, 1))
    return [
        (each.alarm.rule, each.alarm.source, each.verb, (each.at_ms - START) / 1000)
        for each in reducer.transitions
    ]


def test_the_story_is_told_in_its_order(settings: Settings) -> None:
    found = alarms_of(settings, 100)
    first: dict[str, float] = {}
    for rule, _, verb, at_s in found:
        if verb == "raised":
            first.setdefault(rule, at_s)
    assert set(first) == {rule.id for rule in settings.rules} - {"pm10-high", "sensor-silent"}
    assert next(iter(first)) == "noise-loud"
    assert first["panel-leak"] < first["panel-hot"]
    assert first["pole-dark"] < 30
    assert first["panel-hot"] < first["panel-fire"]
    assert first["river-high"] < first["river-severe"]
    assert first["noise-loud"] < 20
    assert first["panel-leak"] < 40
    assert first["panel-fire"] < 70
    assert {source for rule, source, _, _ in found if rule == "panel-fire"} == {places.FIRE_PANEL}
    dark = {source for rule, source, _, _ in found if rule == "pole-dark"}
    assert dark == {f"{places.DARK_POLE}.{part}" for part, _, _ in places.POLE_PARTS}


def test_the_hours_before_are_calm(settings: Settings) -> None:
    reducer = Reducer(Rulebook(settings.rules))
    past = list(District().history(START))
    readings = [
        r for r in decoded(settings, ((START, message) for message in past)) if isinstance(r, Reading)
    ]
    reducer.readings(StoredReading(n, each) for n, each in enumerate(readings, 1))
    assert reducer.transitions == []
    assert min(each.observed_ms for each in readings) <= START - 3 * 3_600_000
    assert max(each.observed_ms for each in readings) < START


def test_a_calm_day_raises_nothing_and_in_a_flood_more_than_ten_alarms_come(settings: Settings) -> None:
    assert alarms_of(settings, 60, "calm") == []
    flood = [each for each in alarms_of(settings, 60, "flood") if each[2] == "raised"]
    assert len(flood) > 10
    assert {source for rule, source, _, _ in flood if rule == "panel-leak"} == {
        panel.source for panel in places.PANELS
    }
