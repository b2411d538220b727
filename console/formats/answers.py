"""What a decoder wants said back to a sender, once its message is stored."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable


class Answer(NamedTuple):
    """A message that goes out on the session that the other one came from, or as the reply to a post."""

    topic: str
    payload: bytes
    qos: int = 0


@runtime_checkable
class Answers(Protocol):
    """A decoder that has answers."""

    def take_answers(self) -> list[Answer]:
        """Those to what was decoded since the last call; they are published after the commit."""
