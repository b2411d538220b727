"""The step of ops.db that the board needs: crisis warnings, people on duty, the fitness of devices."""

from __future__ import annotations

from sqlite_utils import Database

from db import crises, duties, fitness


def board_tables(db: Database) -> None:
    """Indexes of the entries about warnings and seats; when devices could serve."""
    crises.crisis_entries(db)
    duties.duty_entries(db)
    fitness.fitness_tables(db)
