"""States and restarts, as pure rules."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from console.cameras import policy
from console.cameras.policy import Course, Sight, Step

seconds = st.floats(0, 1000)
jitters = st.floats(0, 0.999)


def seen(at_s: float, **known: float) -> Sight:
    return Sight(asked_s=0.0, seen_s=at_s, current_s=at_s, changed_s=known.get("changed_s", at_s),
                 black_s=known.get("black_s"))  # fmt: skip


@given(at_s=seconds, age_s=seconds)
def test_a_picture_is_live_for_2_s_stale_until_5_s_and_offline_after(at_s: float, age_s: float) -> None:
    expected = "live" if at_s + age_s - at_s <= 2 else "stale" if at_s + age_s - at_s <= 5 else "offline"
    assert policy.state(seen(at_s), at_s + age_s) == expected


@given(at_s=seconds, age_s=seconds)
def test_only_a_picture_of_the_present_generation_is_live(at_s: float, age_s: float) -> None:
    assert policy.state(replace(seen(at_s), current_s=None), at_s + age_s) in ("stale", "offline")


def test_what_nobody_asked_for_claims_nothing() -> None:
    assert policy.state(Sight(None, seen_s=3.0, current_s=3.0), 3.1) == "idle"


def test_a_picture_from_before_it_was_asked_for_again_does_not_count() -> None:
    assert policy.state(Sight(asked_s=10.0, seen_s=9.0), 10.5) == "starting"


def test_pictures_that_keep_coming_but_never_change_are_frozen_after_10_s() -> None:
    assert policy.state(seen(30.0, changed_s=20.5), 30.0) == "live"
    assert policy.state(seen(30.0, changed_s=20.0), 30.0) == "frozen"


def test_a_frozen_picture_that_stops_coming_is_offline_not_frozen() -> None:
    assert policy.state(seen(30.0, changed_s=10.0), 36.0) == "offline"


def test_a_black_picture_is_named_after_3_s_and_before_frozen() -> None:
    assert policy.state(seen(30.0, black_s=28.0), 30.0) == "live"
    assert policy.state(seen(30.0, black_s=10.0, changed_s=10.0), 30.0) == "black"


def test_a_camera_that_never_answered_is_offline_after_5_s() -> None:
    assert policy.state(Sight(0.0, failed=True), 5.0) == "starting"
    assert policy.state(Sight(0.0, failed=True), 5.1) == "offline"


@given(failures=st.integers(1, 1000), jitter=jitters)
def test_patience_grows_from_1_to_60_s(failures: int, jitter: float) -> None:
    assert 1.0 <= policy.backoff(failures, jitter) <= 60.0
    assert policy.backoff(failures + 1, jitter) >= policy.backoff(failures, jitter)
    assert policy.backoff(20, 0.0) == 60.0


def test_each_opening_has_a_generation_of_its_own() -> None:
    course, step = policy.tick(Course(), 0.0, None, 0.0)
    assert (step, course.generation, course.phase) == (Step.OPEN, 1, "opening")
    course = policy.ended(course, 1, 3.0, "not-open", 0.0)
    assert (course.phase, course.due_s, course.restarts) == ("waiting", 4.0, 1)
    assert policy.tick(course, 3.9, None, 0.0)[1] is Step.NOTHING
    assert policy.tick(course, 4.0, None, 0.0)[0].generation == 2


def test_an_older_generation_cannot_end_or_open_the_present_one() -> None:
    course = Course(phase="opening", generation=7, left=1)
    assert policy.opened(course, 6, 1.0) == course
    assert policy.ended(course, 6, 1.0, "no-picture", 0.0) == replace(course, left=0)


def test_threads_that_hang_cost_their_process_in_the_end() -> None:
    course, now, steps = Course(), 0.0, []
    for _ in range(2000):
        course, step = policy.tick(course, now, None, 0.5)
        steps.append(step)
        now += 0.1
    found = [step for step in steps if step is not Step.NOTHING]
    assert found[:4] == [Step.OPEN, Step.OPEN, Step.REPLACE, Step.OPEN]


def test_a_fallen_process_is_replaced_at_once_the_first_time_and_with_patience_after() -> None:
    once = policy.crashed(Course(phase="playing", generation=1), 10.0, 0.0)
    assert (once.phase, once.due_s) == ("waiting", 10.0)
    again = policy.crashed(replace(once, phase="playing"), 10.5, 0.0)
    assert (again.due_s, again.crashes) == (12.5, 2)


def test_playing_steadily_forgets_old_failures() -> None:
    course = Course(phase="playing", generation=3, since_s=0.0, failures=4, reason="hung")
    assert policy.tick(course, 10.0, 10.0, 0.0)[0].failures == 0


@given(
    st.lists(
        st.tuples(st.sampled_from(["tick", "opened", "ended", "old", "crashed"]), st.floats(0, 9), jitters)
    )
)
def test_whatever_happens_the_generation_never_falls_and_grows_only_by_opening(
    acts: list[tuple[str, float, float]],
) -> None:
    course, now = Course(), 0.0
    for act, later, jitter in acts:
        now += later
        before, step = course, Step.NOTHING
        if act == "tick":
            course, step = policy.tick(course, now, None, jitter)
        elif act == "opened":
            course = policy.opened(course, course.generation, now)
        elif act in ("ended", "old"):
            course = policy.ended(course, course.generation - (act == "old"), now, "no-picture", jitter)
        else:
            course = policy.crashed(course, now, jitter)
        assert course.generation == before.generation + (step is Step.OPEN)
        assert course.left >= 0
        assert course.due_s <= now + 60.0
