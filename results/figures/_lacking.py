"""Why there is no figure."""


class Lacking(Exception):
    """What a study lacks for a figure, as one sentence."""
