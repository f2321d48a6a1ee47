"""The verbs of the command line: each module here is one, and its `command` is what click runs."""
