"""The stored frames of real meters, with what they mean in the names of this product."""

import json
from pathlib import Path

VECTORS = json.loads((Path(__file__).parents[1] / "data/meters/vectors.json").read_text())["vectors"]

NAMES = {
    "wattsup": {
        "W": "power_W",
        "V": "voltage_V",
        "A": "current_A",
        "WH": "energy_Wh",
        "Cost": "cost",
        "WH/Mo": "energy_per_month_Wh",
        "Cost/Mo": "cost_per_month",
        "Wmax": "power_max_W",
        "Vmax": "voltage_max_V",
        "Amax": "current_max_A",
        "Wmin": "power_min_W",
        "Vmin": "voltage_min_V",
        "Amin": "current_min_A",
        "PF": "power_factor",
        "Hz": "frequency_Hz",
        "VA": "apparent_VA",
        "cmd": "cmd",
        "args": "args",
    },
    "pzem_ac": {
        "V": "voltage_V",
        "A": "current_A",
        "W": "power_W",
        "Wh": "energy_Wh",
        "Hz": "frequency_Hz",
        "PF": "power_factor",
        "alarm": "alarm",
    },
    "pzem_dc": {
        "V": "voltage_V",
        "A": "current_A",
        "W": "power_W",
        "Wh": "energy_Wh",
        "hi_alarm": "high_alarm",
        "lo_alarm": "low_alarm",
    },
    "um": {
        "model": "model",
        "V": "voltage_V",
        "A": "current_A",
        "W": "power_W",
        "temp_C": "temperature_C",
        "temp_F": "temperature_F",
        "group": "group",
        "group_mAh": "charge_Ah",
        "group_mWh": "energy_Wh",
        "Dp": "data_plus_V",
        "Dm": "data_minus_V",
        "mode": "mode",
        "rec_mAh": "recorded_charge_Ah",
        "rec_mWh": "recorded_energy_Wh",
        "rec_A": "record_threshold_A",
        "rec_s": "recorded_s",
        "ohm": "resistance_ohm",
    },
    "tc66": {
        "model": "model",
        "fw": "firmware",
        "serial": "serial",
        "runs": "runs",
        "V": "voltage_V",
        "A": "current_A",
        "W": "power_W",
        "ohm": "resistance_ohm",
        "g0_mAh": "group0_charge_Ah",
        "g0_mWh": "group0_energy_Wh",
        "g1_mAh": "group1_charge_Ah",
        "g1_mWh": "group1_energy_Wh",
        "temp": "temperature_C",
        "Dp": "data_plus_V",
        "Dm": "data_minus_V",
    },
}


def vectors(decoder):
    """The stored frames that this decoder must understand."""
    return [vector for vector in VECTORS if vector["decoder"] == decoder and vector["kind"] != "negative"]


def negatives(decoder):
    """The stored frames that this decoder must refuse."""
    return [vector for vector in VECTORS if vector["decoder"] == decoder and vector["kind"] == "negative"]


def frame(vector):
    """The bytes on the line."""
    text = vector["frame"]
    return bytes.fromhex(text) if vector["encoding"] == "hex" else text.encode("ascii")


def expected(vector):
    """Quantity by name; the quantities that a vector does not state are left out."""
    names = NAMES[vector["decoder"]]
    milli = ("_mAh", "_mWh")
    return {names[name]: value / 1000 if name.endswith(milli) else value for name, value in vector["expect"].items()}
