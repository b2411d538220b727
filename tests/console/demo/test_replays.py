"""The packs' files in the demo: read by their own feeds, calm at first, over and over."""

from __future__ import annotations

from pathlib import Path

import pytest
from paho.mqtt.client import topic_matches_sub

from console.alarms.reducer import Reducer
from console.alarms.rulebook import Rulebook
from console.demo import replays, site
from console.demo.district import Story
from console.demo.replays import BEGIN_MS, Replays
from console.formats.decoders import decoder
from console.packs.joining import joined
from db.readings import StoredReading
from db.records import Event, Reading, SetAside

NOW = 1_800_000_000_000


def told(seconds: int, story: Story = "busy", step_s: int = 1) -> list[tuple[int, str, bytes]]:
    made = Replays(story)
    times = range(NOW, NOW + seconds * 1000 + 1, step_s * 1000)
    return [(at, each.topic, each.payload) for at in times for each in made.messages(at)]


def decoded(messages: list[tuple[int, str, bytes]]) -> list[Reading | Event | SetAside]:
    feeds = replays.feeds()
    read = {name: decoder(name, feed) for name, feed in feeds.items()}
    found: list[Reading | Event | SetAside] = []
    for at_ms, topic, payload in messages:
        name = next(
            n for n, feed in feeds.items() if any(topic_matches_sub(each, topic) for each in feed.topics)
        )
        for record in read[name].decode(topic, payload, at_ms, False):
            assert isinstance(record, Reading | Event | SetAside)
            found.append(record)
    return found


def test_every_message_is_read_by_its_packs_feed_and_every_device_reports_at_once() -> None:
    found = decoded(told(1))
    assert [each for each in found if isinstance(each, SetAside)] == []
    devices = {each.source for each in replays.assets("hanbit") if each.kind == "device"}
    assert devices <= {each.source for each in found if isinstance(each, Reading)}
    assert all(
        each.observed_ms <= NOW + 1000 for each in found if isinstance(each, Reading) and not each.flags
    )


def test_stepping_in_other_steps_changes_nothing() -> None:
    assert [each[1:] for each in told(300)] == [each[1:] for each in told(300, step_s=25)]


@pytest.mark.parametrize(("story", "hours"), [("calm", 2), ("busy", 0)])
def test_nothing_alarms_on_a_calm_day_nor_in_the_first_minute(
    story: Story, hours: int, tmp_path: Path
) -> None:
    settings = joined(site.settings(1, [], tmp_path), None)
    reducer = Reducer(Rulebook(settings.rules))
    reducer.start(NOW)
    readings = [each for each in decoded(told(hours * 3600 + 60, story, 5)) if isinstance(each, Reading)]
    reducer.readings(StoredReading(n, each) for n, each in enumerate(readings))
    assert [each.alarm.rule for each in reducer.transitions if each.alarm.kind != "forecast"] == []


def test_a_busy_day_tells_its_stories_and_begins_again() -> None:
    found = decoded(told(4 * 3600, "busy", 60))
    assert [each for each in found if isinstance(each, SetAside)] == []
    falls = [each for each in found if isinstance(each, Event) and each.type == "fall"]
    assert len({each.observed_ms for each in falls}) >= 2
    assert BEGIN_MS < 40 * 60_000  # the fall is at 40 minutes of its file


def test_a_replays_facilities_stand_under_the_demos_district() -> None:
    found = replays.assets("hanbit")
    assert {each.parent for each in found if each.kind == "facility"} == {"hanbit"}
    assert {each.domain for each in found if each.kind == "facility"} == {
        "traffic", "structure", "crosswalk", "crowd", "cctv",
    }  # fmt: skip
