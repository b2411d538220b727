"""The fold of acts: the same on every console, whatever came first."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from console.incidents.fold import Registers, fold
from db.incidents import Told
from db.records import Act

FIELDS = ("title", "level", "place", "assignee", "alarms")


def told(at: int, kind: str, payload: dict[str, Any], *, device: str = "a") -> Told:
    act = Act(
        entry_id=f"{device}{at}",
        incident="i",
        type=f"incident.{kind}",
        at_ms=at,
        actor=f"person {device}",
        device=device,
        payload=payload,
    )
    return Told(act, (f"{at:015d}.000000", device, 1, at))


OPENED = told(
    1, "opened", {"number": "n", "title": "화재", "type": "fire", "level": 3, "alarms": ["x"], "cameras": []}
)


def closed(at: int, device: str, result: str, replaces: dict[str, list[str]]) -> Told:
    return told(at, "closed", {"result": result, "text": "", "replaces": replaces}, device=device)


def change(at: int, device: str, name: str, value: object, *seen: str) -> Told:
    return told(at, "changed", {"fields": {name: value}, "replaces": {name: list(seen)}}, device=device)


def test_nothing_is_folded_before_the_opening_is_here() -> None:
    assert fold([told(2, "noted", {"text": "먼저 온 메모"})]) is None


def test_open_beats_closed_when_people_acted_apart() -> None:
    first = closed(2, "a", "진화", {"state": ["a1"]})
    again = told(4, "reopened", {"replaces": {"state": ["a2"]}}, device="b")
    second = closed(5, "a", "완료", {"state": ["a2"], "result": ["a2"], "result_text": ["a2"]})
    incident = fold([OPENED, first, again, second])
    assert incident is not None and incident.state == "open"
    assert incident.conflicts["state"] == ("open", "closed")


def test_two_results_of_one_incident_are_both_kept_until_somebody_chooses() -> None:
    one = closed(2, "a", "진화", {"state": ["a1"]})
    two = closed(3, "b", "오인 신고", {"state": ["a1"]})
    incident = fold([two, OPENED, one])
    assert incident is not None and incident.state == "closed" and incident.result == "오인 신고"
    assert incident.conflicts == {"result": ("진화", "오인 신고")}
    chosen = fold([OPENED, one, two, change(4, "c", "result", "진화", "a2", "b3")])
    assert chosen is not None and (chosen.result, chosen.conflicts) == ("진화", {})


def test_the_severer_level_stands_and_lists_unite() -> None:
    acts = [
        OPENED,
        change(2, "a", "level", 1, "a1"),
        change(3, "b", "level", 4, "a1"),
        change(4, "a", "alarms", ["x", "y"], "a1"),
        change(5, "b", "alarms", ["x", "z"], "a1"),
    ]
    incident = fold(acts)
    assert incident is not None and incident.level == 1 and incident.alarms == ("x", "y", "z")
    assert incident.conflicts == {"level": (1, 4)}


def test_the_same_value_twice_is_no_conflict() -> None:
    incident = fold([OPENED, change(2, "a", "place", "역", "a1"), change(3, "b", "place", "역", "a1")])
    assert incident is not None and (incident.place, incident.conflicts) == ("역", {})


def test_values_that_cannot_be_are_not_taken() -> None:
    bad = [
        change(2, "b", "level", 9, "a1"),
        change(3, "b", "title", 7, "a1"),
        change(4, "b", "alarms", [1], "a1"),
    ]
    assert fold([OPENED, *bad]) is not None
    incident = fold([OPENED, *bad])
    assert incident is not None and (incident.level, incident.title, incident.alarms) == (3, "화재", ("x",))


@st.composite
def histories(draw: st.DrawFn) -> list[Told]:
    """Acts of three consoles, each of which saw some of what came before."""
    acts = [OPENED]
    for at in range(2, 2 + draw(st.integers(0, 8))):
        seen = [OPENED, *draw(st.lists(st.sampled_from(acts), unique_by=id))]
        registers, device = Registers(seen), draw(st.sampled_from("abc"))
        kind = draw(st.sampled_from(["level", "title", "closed", "reopened", "noted", "attached"]))
        if kind in ("level", "title"):
            value = draw(st.integers(1, 4)) if kind == "level" else draw(st.sampled_from("가나다"))
            payload = {"fields": {kind: value}, "replaces": registers.seen([kind])}
            acts.append(told(at, "changed", payload, device=device))
        elif kind in ("closed", "reopened"):
            names = ["state", "result", "result_text"] if kind == "closed" else ["state"]
            payload = {"result": "끝", "text": "", "replaces": registers.seen(names)}
            acts.append(told(at, kind, payload, device=device))
        else:
            payload = {"text": "메모", "sha256": f"{at:064d}", "size": 1, "name": "a"}
            acts.append(told(at, kind, payload, device=device))
    return acts


@given(acts=histories(), seed=st.randoms(use_true_random=False))
def test_the_order_of_arrival_and_repetition_change_nothing(acts: list[Told], seed: Any) -> None:
    shuffled = [*acts, *acts[:2]]
    seed.shuffle(shuffled)
    assert fold(shuffled) == fold(acts)


@given(acts=histories())
def test_no_attachment_is_lost_and_a_fields_value_is_one_that_stands(acts: list[Told]) -> None:
    incident = fold(acts)
    assert incident is not None
    assert len(incident.attachments) == sum(each.act.type == "incident.attached" for each in acts)
    standing = [write.value for write in Registers(acts).standing("title")]
    assert incident.title in standing
    assert incident.level == min(write.value for write in Registers(acts).standing("level"))
