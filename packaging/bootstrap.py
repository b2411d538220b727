"""Set Gwanje up from a fresh clone and run it: `python3 packaging/bootstrap.py demo`.

Needs only Python and the package registries. This file is kept readable for old
Pythons, so that they can say what is wrong; the work is in the modules beside it.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Gwanje needs Python 3.11 or newer; this is Python %d.%d (%s).\n"
        "Run this file with a newer one, for example: python3.12 packaging/bootstrap.py demo"
        % (sys.version_info[0], sys.version_info[1], sys.executable)
    )

from commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
