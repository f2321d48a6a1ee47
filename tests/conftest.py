"""What all tests share."""

import signal

from hypothesis import settings

settings.register_profile("busy machine", deadline=None)  # how long an example takes says nothing here
settings.load_profile("busy machine")

# A runner in the background has these ignored, which every program under test would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
