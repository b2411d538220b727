"""Domain packs: what one field of the city needs, as data."""
