"""Training to be measured: data, models, methods, tickets and surgery.  Knows no meter and joins no path."""

API_VERSION = 1


class WorkloadError(Exception):
    """One sentence for the user: what is wrong with the work asked for, the alternatives, and what to do."""
