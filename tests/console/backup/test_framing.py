"""A journal file gives back a prefix of what was written, whatever happens to it; never anything else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from console.backup import framing

KEY = framing.sealing_key(bytes(range(32)))
TEXTS = st.lists(st.binary(max_size=60), max_size=8)


def written(texts: list[bytes]) -> bytes:
    head = framing.header()
    return head + b"".join(framing.frame(KEY, head, n, text) for n, text in enumerate(texts))


@given(texts=TEXTS)
def test_what_was_written_is_read(texts: list[bytes]) -> None:
    content = written(texts)
    assert framing.read(KEY, content) == (texts, len(content), "")


@given(texts=TEXTS, data=st.data())
def test_any_truncation_gives_a_prefix(texts: list[bytes], data: st.DataObject) -> None:
    content = written(texts)
    cut = data.draw(st.integers(0, len(content)))
    read = framing.read(KEY, content[:cut])
    assert read.texts == texts[: len(read.texts)]
    assert (read.ended == "") == (read.good_bytes == cut and cut > 0)


@given(texts=TEXTS, data=st.data())
def test_any_flip_gives_a_prefix_and_is_told(texts: list[bytes], data: st.DataObject) -> None:
    content = bytearray(written(texts))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    read = framing.read(KEY, bytes(content))
    assert read.texts == texts[: len(read.texts)]
    assert read.ended or not texts


@given(texts=st.lists(st.binary(min_size=1, max_size=20), min_size=2, max_size=6, unique=True))
def test_frames_in_another_order_or_file_open_nowhere(texts: list[bytes]) -> None:
    head, other = framing.header(), framing.header()
    frames = [framing.frame(KEY, head, n, text) for n, text in enumerate(texts)]
    assert framing.read(KEY, head + b"".join(frames[1:])).texts == []
    assert framing.read(KEY, head + frames[0] * 2).texts == texts[:1]
    assert framing.read(KEY, other + b"".join(frames)).texts == []


def test_another_key_opens_nothing() -> None:
    assert framing.read(framing.sealing_key(bytes(32)), written([b"secret"])).texts == []
    assert b"secret" not in written([b"secret"])
