"""The board under measurement: the state it is in, what slows it down, and the power mode that a run holds it in."""
