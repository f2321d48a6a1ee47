"""A calibration as harness meters calibrate writes it."""

import json


def content(**changes):
    """reading = 1.25 x truth - 0.5 W, against a reference that is good to 0.1 % + 2 mW."""
    found = {
        "schema": 1,
        "kind": "calibration",
        "meter": {"name": "bench", "kind": "toy", "identity": {}, "total": ["a", "b"], "boundaries": ["dc_input"]},
        "gain": 1.25,
        "offset_W": -0.5,
        "gain_sd": 0.0004,
        "centre_W": 8.0,
        "centre_sd_W": 0.003,
        "residual_W": 0.02,
        "reference": {
            "name": "analyser",
            "kind": "scpi",
            "boundaries": ["dc_input"],
            "gain_error": 0.001,
            "offset_error_W": 0.002,
        },
        "machine": "board",
        "power_mode": "MAXN",
        "date_utc": "2026-01-02T03:04:05+00:00",
        "signed_by": "N. N.",
        "simulated": False,
    }
    return {**found, **changes}


def copied(**changes):
    """The copy that goes with samples."""
    return dict(content(**changes), file="bench.json", sha256="ab" * 32)


def write(path, **changes):
    path.write_text(json.dumps(content(**changes)))
    return str(path)
