"""The verbs of `harness meters`: each module here is one, and its `command` is what click runs."""
