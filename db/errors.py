"""The error tree; `console/errors.py` says what each asks of its caller."""


class ConsoleError(Exception):
    """Base of the family."""


class SettingsError(ConsoleError):
    """A file that the operator can correct."""


class MessageError(ConsoleError):
    """A feed sent something unreadable; it is set aside and counted."""


class Refused(ConsoleError):
    """Somebody said no; trying again changes nothing."""


class Unavailable(ConsoleError):
    """Something outside is away; worth trying again."""


class StoreError(ConsoleError):
    """A store is damaged, newer than this program, or not ours."""
