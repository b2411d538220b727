"""Bytes to records: one module per message form, none of which raises on bad input."""
