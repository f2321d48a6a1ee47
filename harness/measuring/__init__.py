"""Energy of anything that is not a study: a window of one's own program, a command, the harness itself."""
