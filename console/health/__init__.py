"""Facility health: the asset tree, and how the state of its leaves rolls up."""
