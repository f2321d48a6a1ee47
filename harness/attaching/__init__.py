"""A trace that another host recorded becomes part of a run: its clock is found by what both saw."""
