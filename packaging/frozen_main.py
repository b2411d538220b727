"""Where the frozen program begins; its first word names the role, as with `python -m console`."""

import multiprocessing

if __name__ == "__main__":
    multiprocessing.freeze_support()

    from console.__main__ import main

    main()
