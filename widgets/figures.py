"""Small texts that several panels draw: one bounded line, sizes of files, times near now."""

from __future__ import annotations

from widgets.words import Words

_HIDDEN: dict[int, str | None] = {
    **dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029), " "),
    **dict.fromkeys((*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF), None),
}


def plain(text: str, most: int = 300) -> str:
    """Text from outside on one line, without characters that hide, turn or break it, cut at `most`."""
    line = text[: most + 1].translate(_HIDDEN)
    return line if len(line) <= most else line[: most - 1] + "…"


def size(count: int) -> str:
    """A number of bytes with the unit that keeps it short."""
    figure, unit = float(count), "B"
    for unit in ("B", "KB", "MB", "GB"):
        if figure < 1024 or unit == "GB":
            break
        figure /= 1024
    return f"{count} B" if unit == "B" else f"{figure:.1f} {unit}"


def near_time(words: Words, at_ms: int | None, now_ms: int) -> str:
    """Today only the time of day, otherwise with month and day, in another year the whole date."""
    if at_ms is None:
        return "—"
    at, now = words.when(at_ms), words.when(now_ms)
    if at[:10] == now[:10]:
        return at[-8:]
    return at[5:] if at[:4] == now[:4] else at
