"""What happens before the stores are opened: one core per folder, and a look at what the last one left."""

from console.startup.drive import refuse_network
from console.startup.examine import examine
from console.startup.found import Found
from console.startup.lock import Lock, holder_pid, is_held, lock, was_unclean

__all__ = ["Found", "Lock", "examine", "holder_pid", "is_held", "lock", "refuse_network", "was_unclean"]
