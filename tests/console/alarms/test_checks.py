"""A rule that could never work, or means something else than it says, names its key."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from console.alarms.checks import check
from console.errors import SettingsError
from console.settings import load
from db.alarm_records import Rule

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"kind": "threshold", "above": 1.0, "window_s": 5.0}, "window_s"),
        ({"kind": "silent", "silent_s": 5.0, "above": 1.0}, "above"),
        ({"kind": "silent", "silent_s": 5.0, "group": True, "quantity": "q"}, "quantity"),
        ({"kind": "threshold", "above": 1.0, "clear": 2.0}, "clear"),
        ({"kind": "threshold", "below": 1.0, "clear": 0.5}, "clear"),
        ({"kind": "threshold", "above": 9.0, "below": 1.0, "clear": 5.0}, "clear"),
        ({"kind": "threshold", "above": 9.0, "deadband": 1.0, "clear": 5.0}, "clear"),
        ({"kind": "threshold", "above": 1.0, "below": 2.0}, "deadband"),
        ({"kind": "threshold", "above": float("nan")}, "above"),
        ({"kind": "average", "above": 1.0}, "window_s"),
        ({"kind": "average", "above": 1.0, "hourly": True, "window_s": 60.0}, "window_s"),
        ({"kind": "average", "above": 1.0, "hourly": True, "hold": 0}, "hold"),
        ({"kind": "average", "hourly": True}, "above"),
        ({"kind": "rate", "above": 1.0}, "window_s"),
        ({"kind": "rate", "above": 1.0, "window_s": 5.0, "per_s": 0.0}, "per_s"),
        ({"kind": "change", "above": 1.0}, "baseline"),
        ({"kind": "change", "above": 1.0, "baseline": 1.0, "baseline_hours": 1.0}, "baseline"),
        ({"kind": "stuck"}, "window_s"),
        ({"kind": "stuck", "window_s": 5.0, "above": 1.0}, "above"),
        ({"kind": "count", "above": 1.0, "window_s": 5.0}, "least"),
        ({"kind": "count", "above": 1.0, "window_s": 5.0, "least": 2, "types": ("a",)}, "of"),
        ({"kind": "count", "above": 1.0, "window_s": 5.0, "least": 2, "of": "events"}, "of"),
        ({"kind": "forecast", "above": 1.0}, "priority"),
        ({"kind": "cross", "above": 1.0}, "others"),
        ({"kind": "event", "types": ("a*b",)}, "types"),
        ({"kind": "event", "quiet_s": 5.0}, "quiet_s"),
        ({"kind": "event", "quantity": "q"}, "quantity"),
        ({"kind": "threshold", "above": 1.0, "hours": "22-22"}, "hours"),
        ({"kind": "threshold", "above": 1.0, "hours": "night"}, "hours"),
        ({"kind": "threshold", "above": 1.0, "if_quantity": "lux"}, "if_quantity"),
        ({"kind": "threshold", "above": 1.0, "if_above": 5.0}, "if_quantity"),
        ({"kind": "threshold", "above": 1.0, "quiet_s": -1.0}, "quiet_s"),
    ],
)
def test_the_fault_names_rule_and_key(fields: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingsError, match=rf"rule 'r': key {key}: "):
        check(Rule(**{"id": "r", **fields}))


def test_every_kind_has_a_rule_in_the_example_that_holds() -> None:
    rules = load(ROOT / "resources" / "settings" / "example.toml").rules
    for rule in rules:
        check(rule)
    assert {rule.kind for rule in rules} == set(get_args(get_type_hints(Rule)["kind"]))
