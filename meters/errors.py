"""The one exception that meters raise: a sentence for the person at the bench."""


class MeterError(Exception):
    """A meter, its frame or its trace is not what it should be; the message says what to do about it."""
