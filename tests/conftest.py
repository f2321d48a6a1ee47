"""What all tests share."""

from hypothesis import settings

settings.register_profile("busy machine", deadline=None)  # how long an example takes says nothing here
settings.load_profile("busy machine")
