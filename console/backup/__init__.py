"""The journal of ops.db, its backups, and the way back from them."""
