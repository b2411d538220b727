"""Everything without a screen: feeds, alarms, incidents, sync and the command line."""

__version__ = "0.1.0"
