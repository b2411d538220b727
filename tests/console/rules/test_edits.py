"""Edits of rules through the composed core: in force at once, by version, and back again."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from console.clock import SystemClock
from console.core import Core
from console.errors import Refused
from console.link_client import LinkClient
from console.settings import parse

SETTINGS = """
packs = ["air"]
[site]
device = "core-test"
[brokers.main]
port = 1
[feeds.levels]
topics = ["levels/#"]
[[feeds.levels.mappings]]
topic = "levels/{source}"
[[feeds.levels.mappings.values]]
quantity = "level"
value = "v"
unit = "m"
[[rules]]
id = "high"
kind = "threshold"
quantity = "level"
above = 2.0
name = "수위 높음"
"""


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    core = Core(tmp_path / "data", parse(SETTINGS, "test"), SystemClock())
    core.start()
    yield core
    core.stop()


@pytest.fixture
def client(core: Core, tmp_path: Path) -> Iterator[LinkClient]:
    client = LinkClient(tmp_path / "data", role="ui", seat="1", actor="김관제")
    client.start()
    assert client.wait_linked(10)
    yield client
    client.stop()


def measure(core: Core, value: float) -> None:
    core.ingest.deliver("levels", [("levels/r1", json.dumps({"v": value}).encode())]).result(10)


def until(client: LinkClient, check: Callable[[list[Any]], bool]) -> list[Any]:
    for _ in range(200):
        standing: list[Any] = client.ask("alarms", {})
        if check(standing):
            return standing
        threading.Event().wait(0.05)
    raise AssertionError(f"not so after 10 s: {standing}")


def seen(client: LinkClient, rule: str) -> Any:
    return next(each for each in client.ask("rulebook", {}) if each["rule"]["id"] == rule)


def test_a_rule_is_edited_removed_and_brought_back_while_the_engine_runs(
    core: Core, client: LinkClient
) -> None:
    measure(core, 1.5)
    rule = {**seen(client, "high")["rule"], "above": 1.0}
    client.act("rule.put", {"rule": rule, "why": "하천 공사로 기준을 낮춤", "based_on": 1})
    measure(core, 1.6)
    (alarm,) = until(client, bool)
    assert (alarm["id"], alarm["limit"]) == ("high|r1|level", 1.0)

    client.act("rule.remove", {"rule": "high", "why": "센서 철거"})
    until(client, lambda found: found[0]["state"] == "returned")
    assert "high" not in {each["id"] for each in client.ask("rules", {})}

    client.act("rule.restore", {"rule": "high", "version": 1, "why": "다시 설치"})
    found = seen(client, "high")
    assert (found["rule"]["above"], found["rule"]["version"], found["origin"]) == (2.0, 4, "edited")
    told = [[each.get(key, "") for key in ("version", "act", "by", "why")] for each in found["versions"]]
    assert told == [
        [4, "restored", "김관제", "다시 설치"],
        [3, "removed", "김관제", "센서 철거"],
        [2, "put", "김관제", "하천 공사로 기준을 낮춤"],
        [1, "settings", "", ""],
    ]


def test_rules_say_where_they_come_from(client: LinkClient) -> None:
    assert (seen(client, "high")["origin"], seen(client, "high").get("pack", "")) == ("settings", "")
    shipped = next(each for each in client.ask("rulebook", {}) if each.get("pack"))
    assert (shipped["origin"], shipped["pack"]) == ("pack", "air")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"above": None}, "key above: found nothing"),
        ({"deadband": -1.0}, "key deadband: found -1.0"),
        ({"window_s": 60.0}, "key window_s: found 60.0; kind threshold does not have it"),
        ({"priority": 7}, r"`\$.priority`"),
        ({"source": "a*b"}, "key source: found 'a\\*b'"),
        ({"limit": 3}, "unknown field `limit`"),
    ],
)
def test_a_bad_rule_is_refused_with_words_that_name_the_field(
    client: LinkClient, change: dict[str, Any], words: str
) -> None:
    rule = {**seen(client, "high")["rule"], **change}
    with pytest.raises(Refused, match=words):
        client.act("rule.put", {"rule": rule, "why": "시험"})
    assert len(seen(client, "high")["versions"]) == 1


def test_an_edit_of_an_older_version_is_refused(client: LinkClient) -> None:
    rule = seen(client, "high")["rule"]
    client.act("rule.put", {"rule": {**rule, "above": 3.0}, "why": "하나", "based_on": 1})
    with pytest.raises(Refused, match="changed meanwhile"):
        client.act("rule.put", {"rule": {**rule, "above": 4.0}, "why": "둘", "based_on": 1})


def test_edits_hold_after_a_new_start_and_no_alarm_is_lost(tmp_path: Path) -> None:
    settings = parse(SETTINGS, "test")
    for start in range(2):
        core = Core(tmp_path / "data", settings, SystemClock())
        core.start()
        client = LinkClient(tmp_path / "data", role="ui", seat="1", actor="김관제")
        client.start()
        try:
            assert client.wait_linked(10)
            if start == 0:
                new = {"id": "dry", "kind": "threshold", "quantity": "level", "below": 0.5}
                client.act("rule.put", {"rule": new, "why": "가뭄 대비"})
                measure(core, 0.1)
            (alarm,) = until(client, bool)
            assert (alarm["rule"], alarm["state"]) == ("dry", "unacknowledged")
        finally:
            client.stop()
            core.stop()


def test_guidance_is_given_to_a_domain_and_taken_away_again(client: LinkClient) -> None:
    given = {"level": "domain", "of": "river", "ko": "현장 확인", "why": "지침"}
    client.act("guidance.put", given)
    (text,) = client.ask("guidance.texts", {})
    assert (text["ko"], text["by"], text["why"]) == ("현장 확인", "김관제", "지침")
    client.act("guidance.put", {"level": "domain", "of": "river", "why": "잘못 적음"})
    assert client.ask("guidance.texts", {}) == []
    assert client.ask("guidance", {"alarm": "high|r1|level"}) == {}


def test_a_rule_is_tried_through_the_door(core: Core, client: LinkClient) -> None:
    for value in (1.0, 2.5, 1.0):
        measure(core, value)
    now = core.clock.now_ms()
    rule = {"id": "new", "kind": "threshold", "quantity": "level", "above": 2.0}
    task = client.act("rules.try", {"rule": rule, "since_ms": now - 60_000, "until_ms": now + 60_000})
    for _ in range(200):
        try:
            tried = client.ask("rules.tried", {"task": task["id"]})
            break
        except Refused:
            threading.Event().wait(0.05)
    assert (tried["outcome"]["count"], tried.get("present"), tried["readings"]) == (1, None, 3)
    assert tried["outcome"]["activations"][0]["value"] == 2.5
    explained = client.ask("alarm.explain", {"alarm": "high|r1|level"})
    assert (explained["is_shown"], explained["figure"], explained["rule"]["version"]) == (True, 2.5, 1)
