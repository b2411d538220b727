"""What a gap is called on the screen, and the columns of its table."""

from __future__ import annotations

from db.workings import Gap
from widgets import figures, theme
from widgets.table import Column
from widgets.words import Words

STANDING = ("open", "asking")
FILTERS = ("standing", "filled", "lost", "")
"""What the list can be narrowed to, as the question `gaps` takes it; "" for all."""
SPAN, WHY, LENGTH, MISSING, ASKED = 2, 3, 4, 5, 6  # columns

_DETAILS = {"the source has nothing of it": "nothing", "the source has no more of it": "no_more"}


def fits(gap: Gap, state: str, source: str) -> bool:
    """Whether it belongs to a list narrowed like this."""
    in_state = not state or (gap.state in STANDING if state == "standing" else gap.state == state)
    return in_state and (not source or gap.source == source)


def length(gap: Gap, words: Words) -> str:
    """How long the stretch is."""
    return "" if gap.until_ms is None else words.age((gap.until_ms - gap.since_ms) / 1000)


def missing(gap: Gap, words: Words) -> str:
    """How many numbers are not there, of how many; nothing where the sender does not count."""
    if gap.first_seq is None or gap.last_seq is None:
        return words.text("gaps.uncounted")
    left, whole = gap.missing or 0, gap.last_seq - gap.first_seq + 1
    return f"{whole:,}" if left == whole else words.text("gaps.of", left=f"{left:,}", whole=f"{whole:,}")


def sentence(gap: Gap, words: Words) -> str:
    """What is known of it, in one line."""
    parts = [words.text(f"gaps.why_{gap.why}_long")]
    if gap.first_seq is not None and gap.last_seq is not None:
        numbers = f"{gap.first_seq:,}" + (f"–{gap.last_seq:,}" if gap.last_seq > gap.first_seq else "")
        parts.append(words.text("gaps.numbers", numbers=numbers))
    parts.append(words.text("gaps.tries", n=gap.asked) if gap.asked else words.text("gaps.never_asked"))
    if gap.got:
        parts.append(words.text("gaps.got", n=f"{gap.got:,}"))
    if gap.state == "filled":
        by = gap.closed_by if gap.closed_by in ("late", "backfill") else "late"
        parts.append(words.text(f"gaps.by_{by}", time=_when(gap.closed_ms, words)))
    elif gap.state == "lost":
        person = figures.plain(gap.closed_by, 40)
        parts.append(words.text("gaps.by_person", name=person, time=_when(gap.closed_ms, words)))
    if gap.detail:
        parts.append(detail(gap, words))
    return " · ".join(parts)


def detail(gap: Gap, words: Words) -> str:
    """What the source said, or what the person wrote."""
    known = _DETAILS.get(gap.detail)
    return words.text(f"gaps.detail_{known}") if known else figures.plain(gap.detail, 300)


def columns(words: Words) -> tuple[Column, ...]:
    """State, source, begin and end, why, how long, how much, how often asked."""
    return (
        Column(
            "gaps.column_state", lambda g: words.text(f"gaps.state_{g.state}"), colour=_colour,
            tip=lambda g: sentence(g, words),
        ),
        Column(
            "gaps.column_source", lambda g: figures.plain(g.source, 60),
            tip=lambda g: f"{figures.plain(g.source, 200)} · {figures.plain(g.feed, 60)}",
        ),
        Column(
            "gaps.column_span", lambda g: _span(g, words), lambda g: g.since_ms,
            tip=lambda g: f"{_when(g.since_ms, words)} – {_when(g.until_ms, words)}",
        ),
        Column("gaps.column_why", lambda g: words.text(f"gaps.why_{g.why}")),
        Column("gaps.column_length", lambda g: length(g, words),
               lambda g: (g.until_ms or g.since_ms) - g.since_ms, right=True),
        Column("gaps.column_missing", lambda g: missing(g, words), lambda g: g.missing or 0, right=True),
        Column("gaps.column_asked", lambda g: f"{g.asked:,}", lambda g: g.asked, right=True),
    )  # fmt: skip


def _colour(gap: Gap) -> str | None:
    return theme.BRIGHT if gap.state in STANDING else theme.DIM


def _span(gap: Gap, words: Words) -> str:
    since, until = _when(gap.since_ms, words), _when(gap.until_ms, words)
    same_day = since[:10] == until[:10]
    return f"{since[5:]} – {until[11:] if same_day else until[5:]}"


def _when(at_ms: int | None, words: Words) -> str:
    return "" if at_ms is None else words.when(at_ms)
