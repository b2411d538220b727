"""Rules as people edit them: overlaid over settings and packs, tried on the past, explained."""
