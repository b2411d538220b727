"""The maps of a site: tiles, layers, pictures and plans from files, never from a network."""
