"""The uncertainty of an energy: a 95 % interval from the meter's accuracy, its sampling, and what it missed."""
