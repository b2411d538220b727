"""Figures that the program must reach, each measured as a ratio or a delay in one run."""
