"""Runs trainings while meters record, and keeps what is needed to turn power into joules."""
