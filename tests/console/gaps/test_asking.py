"""One question over HTTP: bounded, to the named host only, and an answer in any of the known forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.clock import SystemClock
from console.errors import Refused, SettingsError, Unavailable
from console.gaps import temporal
from console.gaps.asking import MOST_BYTES, Question, TooMuch
from console.settings import Backfill
from tests.servers.history import History, Reply, history

__all__ = ["history"]  # the fixture

Ask = Callable[..., Question]
ENTITY = "urn:ngsi-ld:AirQualityObserved:guro-1"


@pytest.fixture
def question(history: History, tmp_path: Path) -> Iterator[Ask]:
    made: list[Question] = []

    def make(path: str = "/h/{source}?from={since}&to={until}", **more: Any) -> Question:
        made.append(Question("f", Backfill(url=history.url + path, **more), SystemClock(), tmp_path))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_the_question_names_source_and_time_without_letting_a_name_reach_further(
    history: History, question: Ask
) -> None:
    question()("../a b@c/?x=1", 1_795_312_892_000, 1_795_312_893_500)
    (asked,) = history.asked
    assert asked.path == "/h/..%2Fa%20b%40c%2F%3Fx%3D1"
    assert asked.query == {"from": "2026-11-22T02:01:32.000Z", "to": "2026-11-22T02:01:33.500Z"}
    with pytest.raises(Refused):
        question()("..", 0, 1)


def test_the_host_cannot_be_part_of_the_name() -> None:
    with pytest.raises(SettingsError, match="fixed"):
        Question("f", Backfill(url="http://{source}.example/h"), SystemClock(), Path())


@pytest.mark.parametrize(
    ("reply", "wrong"),
    [
        (Reply(status=302, headers={"Location": "http://example.invalid/"}), Refused),
        (Reply(status=401), Refused),
        (Reply(status=503), Unavailable),
        (Reply(status=429), Unavailable),
        (Reply(b"<html>"), Unavailable),
        (Reply({"rows": "none"}), Refused),
        (Reply([], headers={"Link": '<http://example.invalid/2>; rel="next"'}), Refused),
        (Reply(b" " * (MOST_BYTES + 1)), TooMuch),
        (Reply(b"x", headers={"Content-Encoding": "gzip"}), Refused),
    ],
)
def test_what_cannot_be_used_is_said_to_be_final_or_not(
    history: History, question: Ask, tmp_path: Path, reply: Reply, wrong: type[Exception]
) -> None:
    (tmp_path / "token").write_text("tell-nobody")
    history.answer = lambda asked: reply
    with pytest.raises(wrong) as found:
        question(token_file="token")("a", 0, 1000)
    assert "tell-nobody" not in str(found.value)
    assert history.url not in str(found.value)


@pytest.mark.parametrize("status", [204, 404])
def test_a_source_without_a_history_has_nothing(history: History, question: Ask, status: int) -> None:
    history.answer = lambda asked: Reply(b"", status)
    assert question()("a", 0, 1000).messages == []


def test_pages_follow_their_links(history: History, question: Ask) -> None:
    pages = {"/h/a": Reply([{"n": 1}], headers={"Link": '</p2>; rel="next"'}), "/p2": Reply(['{"n":2}'])}
    history.answer = lambda asked: pages[asked.path]
    assert question()("a", 0, 1000).messages == [b'{"n":1}', b'{"n":2}']


def test_an_unreachable_server_is_no_answer(history: History, question: Ask) -> None:
    asking = question()
    history.stop()
    with pytest.raises(Unavailable, match="cannot be reached"):
        asking("a", 0, 1000)


NORMALIZED = {
    "id": ENTITY,
    "type": "AirQualityObserved",
    "@context": "https://example.invalid/context.jsonld",
    "pm10": [
        {"type": "Property", "value": 42, "unitCode": "GQ", "observedAt": "2026-11-22T02:01:00Z"},
        {"type": "Property", "value": 43, "unitCode": "GQ", "observedAt": "2026-11-22T02:00:00Z"},
        {"type": "Property", "value": 0},
    ],
    "pm25": {"value": 9, "observedAt": {"@type": "DateTime", "@value": "2026-11-22T02:00:00Z"}},
}  # fmt: skip
SIMPLIFIED = {
    "id": ENTITY,
    "type": "AirQualityObserved",
    "pm10": {
        "type": "Property",
        "values": [[43, "2026-11-22T02:00:00Z"], [42, "2026-11-22T02:01:00Z"], "broken"],
    },
}


def pm10(messages: list[bytes]) -> list[tuple[Any, str]]:
    entities = [msgspec.json.decode(each) for each in messages]
    assert {each["id"] for each in entities} == {ENTITY}
    return [(each["pm10"]["value"], each["pm10"]["observedAt"]) for each in entities]


@pytest.mark.parametrize("answer", [NORMALIZED, [NORMALIZED], SIMPLIFIED, [SIMPLIFIED]])
def test_both_temporal_forms_become_one_message_per_moment(
    history: History, question: Ask, answer: Any
) -> None:
    history.answer = lambda asked: Reply(answer)
    found = question(form="ngsi-ld")(ENTITY, 0, 1000).messages
    assert pm10(found) == [(43, "2026-11-22T02:00:00Z"), (42, "2026-11-22T02:01:00Z")]


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "type", "values", "value", "observedAt", "@value", "pm10"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_no_answer_trips_the_temporal_reader(answer: Any) -> None:
    for each in temporal.messages(answer):
        assert type(each["id"]) is str
