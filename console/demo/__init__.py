"""The demo: a district that does not exist, and the processes that play it."""
