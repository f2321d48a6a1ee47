"""Logs of other programs, read as strictly as a meter: a line that cannot be understood is an error, not a zero."""
