"""Messages that were read and are not on disk yet; what came through a priority session stands in front."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import chain, islice

from console.feeds.posts import Way
from console.feeds.session import Delivery, Session

BURST = 500  # messages of one transaction
MOST = 4000  # messages kept in memory while the disk refuses; then reading stops and the broker keeps
MOST_BYTES = 64 << 20  # of their payloads; one message beyond it is still taken


class Waiting:
    """Two rows of messages, each bounded in number, both together in bytes. For the ingest thread.

    Whatever a broker sends, and however many messages it lets stand unacknowledged
    (MQTT 3.1.1 has no word for how many we want), it is bounded here: where there is
    no room the socket is not read, and TCP holds the broker back.
    """

    def __init__(self) -> None:
        self._rows: tuple[deque[Delivery], deque[Delivery]] = (deque(), deque())  # first, then the others
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._rows[0]) + len(self._rows[1])

    @property
    def size(self) -> int:
        """Bytes of the payloads that wait."""
        return self._bytes

    @property
    def first(self) -> int:
        """How many wait that came through priority sessions."""
        return len(self._rows[0])

    def ready(self, *, only_first: bool = False) -> bool:
        """Whether something is there to commit."""
        return bool(self._rows[0] or (self._rows[1] and not only_first))

    def room(self, session: Session) -> int:
        """How many more messages of this session may be read now."""
        if self._bytes >= MOST_BYTES:
            return 0
        return max(0, min(BURST, MOST - len(self._row(session))))

    def take(self, session: Session) -> None:
        """Empty the session's inbox into its row."""
        self._row(session).extend(session.inbox)
        self._bytes += sum(len(each.payload) for each in session.inbox)
        session.inbox.clear()

    def burst(self, *, only_first: bool = False) -> list[Delivery]:
        """The next messages to commit; they stay until `done`."""
        rows: Sequence[Iterable[Delivery]] = self._rows[:1] if only_first else self._rows
        return list(islice(chain.from_iterable(rows), BURST))

    def done(self, burst: Sequence[Delivery]) -> None:
        """These, the foremost of their rows, are on disk."""
        for each in burst:
            self._row(each.session).popleft()
            self._bytes -= len(each.payload)

    def _row(self, session: Session | Way) -> deque[Delivery]:
        return self._rows[0 if session.first else 1]
