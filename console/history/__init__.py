"""Work on what has come in: sealing it, and letting it go when its time is past."""
