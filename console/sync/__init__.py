"""Sync: the log goes to the central platform and the others' come back, whenever there is a way."""
