"""What a camera's state is called and when it is started again: pure rules.

No clock, no chance, no process: times (monotonic seconds) and the jitter
(0 <= jitter < 1) come in, the next course and what to do come out.
Figures: ARCHITECTURE.md section 7; issue 2, "Camera wall".
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Literal

State = Literal["idle", "starting", "live", "stale", "offline", "frozen", "black"]

STALE_S = 2.0
OFFLINE_S = 5.0
FROZEN_S = 10.0
BLACK_S = 3.0
OPEN_PATIENCE_S = 8.0  # opening gives up by itself after 3 s; a name server may take longer
FIRST_PICTURE_S = 15.0  # after the camera answered: a decoder must wait for a key frame
STEADY_S = 10.0  # playing so long proves that the last failure is over
MOST_LEFT = 2  # threads left hanging in a process before the process itself is replaced
MOST_CRASHES = 2  # a camera whose process fell so often gets a process of its own


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of a camera's pictures.

    `current_s` is the stamp of the newest picture of the present generation,
    `seen_s` that of any; `asked_s` when somebody began to look.
    """

    asked_s: float | None
    failed: bool = False  # since it was asked for
    seen_s: float | None = None
    current_s: float | None = None
    changed_s: float | None = None
    black_s: float | None = None


def state(sight: Sight, now_s: float) -> State:
    """The one word for a camera. Only a picture of the present generation can be live."""
    if sight.asked_s is None:
        return "idle"
    newest = sight.seen_s if sight.seen_s is not None and sight.seen_s >= sight.asked_s else None
    if newest is None:
        patience = OFFLINE_S if sight.failed else FIRST_PICTURE_S
        return "starting" if now_s - sight.asked_s <= patience else "offline"
    age = now_s - newest
    if age > OFFLINE_S:
        return "offline"
    if age > STALE_S or sight.current_s is None:
        return "stale"
    if sight.black_s is not None and now_s - sight.black_s >= BLACK_S:
        return "black"
    if sight.changed_s is not None and now_s - sight.changed_s >= FROZEN_S:
        return "frozen"
    return "live"


def backoff(failures: int, jitter: float) -> float:
    """Seconds before the next try after `failures` (1, 2, ...): 1 to 60, doubling, jittered down."""
    whole = min(60.0, float(1 << min(max(failures, 1) - 1, 16)))
    return max(1.0, whole * (1.0 - 0.5 * jitter))


class Step(enum.Enum):
    """What the pool shall do now."""

    NOTHING = "nothing"
    OPEN = "open"  # soft: a new thread for the camera, under the new generation
    REPLACE = "replace"  # hard: the process holds too many hanging threads


@dataclass(frozen=True, slots=True)
class Course:
    """Where a camera is between being asked for and playing.

    `generation` grows with every opening. `left` threads of older generations
    have not come back. `restarts` counts what the operator sees as 재접속.
    """

    phase: Literal["waiting", "opening", "playing"] = "waiting"
    generation: int = 0
    since_s: float = 0.0
    due_s: float = 0.0
    failures: int = 0
    crashes: int = 0
    left: int = 0
    restarts: int = 0
    reason: str = ""


def tick(course: Course, now_s: float, stamp_s: float | None, jitter: float) -> tuple[Course, Step]:
    """The course after looking at the clock; `stamp_s` is the generation's newest picture."""
    if course.phase == "waiting":
        if now_s < course.due_s:
            return course, Step.NOTHING
        if course.left >= MOST_LEFT:
            return replace(course, left=0), Step.REPLACE
        return replace(course, phase="opening", generation=course.generation + 1, since_s=now_s), Step.OPEN
    if course.phase == "opening":
        if now_s - course.since_s > OPEN_PATIENCE_S:
            return _failed(course, now_s, "hung", jitter, left=1), Step.NOTHING
        return course, Step.NOTHING
    quiet_s = now_s - (course.since_s if stamp_s is None else max(course.since_s, stamp_s))
    if quiet_s > (FIRST_PICTURE_S if stamp_s is None else OFFLINE_S):
        return _failed(course, now_s, "hung", jitter, left=1), Step.NOTHING
    if course.failures and now_s - course.since_s >= STEADY_S:
        course = replace(course, failures=0, reason="")
    if course.crashes and now_s - course.since_s >= 6 * STEADY_S:
        course = replace(course, crashes=0)
    return course, Step.NOTHING


def opened(course: Course, generation: int, now_s: float) -> Course:
    """The camera answered; an older generation's answer means nothing."""
    if generation != course.generation or course.phase != "opening":
        return course
    return replace(course, phase="playing", since_s=now_s)


def ended(course: Course, generation: int, now_s: float, reason: str, jitter: float) -> Course:
    """A thread came back: the present one's end is a failure, an older one's good news."""
    if generation == course.generation and course.phase != "waiting":
        return _failed(course, now_s, reason, jitter, left=0)
    return replace(course, left=max(0, course.left - 1))


def crashed(course: Course, now_s: float, jitter: float) -> Course:
    """The process is gone: at once the first time, then with patience."""
    after = replace(course, left=0, crashes=course.crashes + 1)
    if course.phase == "waiting":
        return after
    after = _failed(after, now_s, "crashed", jitter, left=0)
    return replace(after, due_s=now_s) if course.failures == 0 else after


def outcast(course: Course) -> Course:
    """The camera goes into a process of its own, so that its neighbours are not replaced with it."""
    return replace(course, left=0, crashes=max(course.crashes, MOST_CRASHES))


def rested(course: Course, now_s: float) -> Course:
    """Nobody looks any more; the generation stays, so that what comes late is known as old."""
    return Course(generation=course.generation, since_s=now_s, due_s=now_s, crashes=course.crashes)


def _failed(course: Course, now_s: float, reason: str, jitter: float, *, left: int) -> Course:
    failures = course.failures + 1
    return replace(
        course,
        phase="waiting",
        since_s=now_s,
        due_s=now_s + backoff(failures, jitter),
        failures=failures,
        left=course.left + left,
        restarts=course.restarts + 1,
        reason=reason,
    )
