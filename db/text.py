"""Text as the stores can keep it."""

from __future__ import annotations


def storable(text: str) -> str:
    """`text` with what UTF-8 cannot write (lone surrogates) made visible as U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
    return text
