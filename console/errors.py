"""Everything that can go wrong on purpose. str(error) is a sentence for the operator.

* ConsoleError
  - SettingsError   a file the operator can correct
  - MessageError    a feed sent something unreadable: set aside, counted, never fatal
  - Refused         the other side, or a rule of ours, said no: shown, not retried
  - Unavailable     broker, camera, platform or disk is away: retried with backoff
  - StoreError      a store is damaged, newer than this program, or not ours

Anything else that escapes is a bug and is reported as one. The tree is drawn in
`db/errors.py`, where the stores can reach it, and passed on from here.
"""

from db.errors import (
    ConsoleError,
    MessageError,
    Refused,
    SettingsError,
    StoreError,
    Unavailable,
)

__all__ = ["ConsoleError", "MessageError", "Refused", "SettingsError", "StoreError", "Unavailable"]
