"""Verbs of the command line that analyse: each module here is one, and its `command` is what click runs."""
