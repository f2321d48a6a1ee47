"""Meters that are not there: pseudo-terminals that talk as the real ones do, and keep the truth in a log."""
