"""Runs that nobody watches for days: in the background, after a power cut, seen from afar, on a large enough disk."""
