"""Messages that no broker delivers: posts, polls and files, on their way to the ingest thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import NamedTuple

import structlog
from sqlite_utils import Database

from console.errors import Unavailable
from console.feeds.session import Delivery
from console.formats.answers import Answer
from console.settings import Feed
from db.connection import damaged, unavailable

log = structlog.get_logger(__name__)

BURST = 500  # messages of one transaction
Message = tuple[str, bytes]


class Delivered(NamedTuple):
    """What became of messages: how many brought something new, nothing new, or could not be read in full."""

    stored: int = 0
    set_aside: int = 0
    duplicate: int = 0
    answers: tuple[Answer, ...] = ()

    def plus(self, other: Delivered) -> Delivered:
        """Both together."""
        return Delivered(*(a + b for a, b in zip(self, other, strict=True)))  # type: ignore[operator]


class Way:
    """Stands where a session would: the one feed that reads what is delivered to it by name."""

    def __init__(self, feed: str, *, first: bool) -> None:
        self.name, self.first = feed, first


class Post(NamedTuple):
    """Messages that belong together, and who waits for them."""

    deliveries: tuple[Delivery, ...]
    future: Future[Delivered]


class Posts:
    """A row of them; `add` from any thread, the rest is the ingest's."""

    def __init__(self) -> None:
        self._row: deque[Post] = deque()

    def __len__(self) -> int:
        return len(self._row)

    def add(self, name: str, feed: Feed, messages: Iterable[Message], flags: int) -> Future[Delivered]:
        """Put them up; the future has what became of them."""
        way, future = Way(name, first=feed.priority), Future[Delivered]()
        made = tuple(
            Delivery(way, 0, 0, 0, topic, payload, False, False, flags) for topic, payload in messages
        )
        self._row.append(Post(made, future))
        return future

    def next(self) -> list[Post]:
        """The next ones whose submitter still waits, up to a burst and at least one; they leave the row."""
        found: list[Post] = []
        size = 0
        while self._row and (not found or size + len(self._row[0].deliveries) <= BURST):
            post = self._row.popleft()
            if post.future.set_running_or_notify_cancel():
                found.append(post)
                size += len(post.deliveries)
        return found

    def refuse(self) -> None:
        """Tell all who wait that nothing will be stored any more."""
        while self._row:
            fail(self.next(), Unavailable("The ingest has ended"))


def fail(posts: Sequence[Post], error: Exception) -> None:
    """Tell those who wait that nothing was stored."""
    for post in posts:
        post.future.set_exception(error)


def refuses(error: Exception) -> bool:
    """Whether it is the disk that refuses, and not a message that cannot be stored."""
    return isinstance(error, Unavailable) or unavailable(error) or damaged(error)


def commit_posts(
    posts: Sequence[Post],
    db: Database,
    commit: Callable[[Database, Sequence[Sequence[Delivery]]], list[Delivered]],
    commit_singly: Callable[[Database, Sequence[Delivery]], list[Delivered]],
    undo: Callable[[], None],
) -> list[Delivered]:
    """All in one transaction; where a message cannot be stored, each message in one of its own."""
    try:
        return commit(db, [post.deliveries for post in posts])
    except Exception as error:  # whatever it was, the messages are tried one by one
        undo()
        if refuses(error):
            raise
        log.error("posts", posts=len(posts), exc_info=error)
    done = []
    for post in posts:
        found = Delivered()
        for each in commit_singly(db, post.deliveries):
            found = found.plus(each)
        done.append(found)
    return done
