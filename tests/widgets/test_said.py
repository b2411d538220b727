"""What the core says when it cannot do something is said in the operator's language."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from widgets.resource import resource
from widgets.words import Words, load

ROOT = Path(__file__).resolve().parents[2]
ANSWERING = (
    "core", "exports", "rereading", "holds", "importing", "crisis", "tasks", "engine", "queries", "commands",
    "incidents/jobs", "alarms/jobs", "gaps/confirming", "health/answers", "rules/questions", "rules/jobs",
    "alarms/reports", "maintenance", "rules/guidance", "maps/atlas", "maps/package",
)  # fmt: skip
"""Modules of the core that answer the screen."""
FREE = {"{}: {}", "rule: {}", "rule {}: key {}: found {}; exact, or with one * at the end"}
"""Sentences about a fault in arguments or in a rule, which name keys of the settings as they are."""


def said_in(module: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse((ROOT / "console" / f"{module}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Refused", "Unavailable"):
            said = node.args[0] if node.args else None
            if isinstance(said, ast.Constant):
                found.add(str(said.value))
            elif isinstance(said, ast.JoinedStr):
                found.add("".join(v.value if isinstance(v, ast.Constant) else "{}" for v in said.values))
    return found - FREE


@pytest.mark.parametrize("module", ANSWERING)
def test_there_are_words_for_every_refusal_of_the_core(module: str) -> None:
    texts = load(resource("words"))
    known = {re.sub(r"\{\d\}", "{}", each["en"]) for key, each in texts.items() if key.startswith("said.")}
    assert said_in(module) - known == set()


def test_named_things_are_taken_over_as_they_are() -> None:
    words = Words("ko")
    assert words.sentence("The incident G-7 is closed; reopen it to change level") == (
        "상황 G-7은(는) 종료되었습니다. level을(를) 바꾸려면 재개하세요"
    )
    assert words.sentence("There is no alarm 'a|{0}'") == "'a|{0}' 알람이 없습니다"
    assert words.sentence("Something new") == "Something new"
    assert Words("en").sentence("There is no alarm 'a'") == "There is no alarm 'a'"


def test_both_languages_name_the_same_things_in_the_order_of_the_sentence() -> None:
    for key, texts in load(resource("words")).items():
        if key.startswith("said."):
            named = re.findall(r"\{(\d)\}", texts["en"])
            assert named == [str(n) for n in range(len(named))], key
            assert sorted(re.findall(r"\{(\d)\}", texts["ko"])) == sorted(named), key
