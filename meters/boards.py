"""What the INA3221 rails of each Jetson are: their shunts, and which of them make the whole input of the board.

Sources: NVIDIA's device trees (tegra186-quill-p3310-1000-c03-00-base.dts, tegra194-powermon-p2888.dtsi,
tegra210-porg-powermon-p3448-0000-a00.dtsi, the INA3221 nodes of tegra194-p3668, tegra234-p3701 and
tegra234-p3767) and TI's INA3221 data sheet, SBOS576.
"""

from typing import Dict, NamedTuple, Optional, Tuple

OFFSET_V = 80e-6  # shunt offset, maximum
STEP_V = 40e-6  # least significant bit of the shunt voltage
GAIN_ERROR = 0.0025 + 0.0025 + 0.01  # gain of shunt and of bus voltage, maxima, and the resistor
ACCURACY_SOURCE = "TI SBOS576 maxima (offset 80 uV, gain 0.25 % of shunt and of bus), shunt resistor taken as 1 %"
R32_TAU_S = 0.43  # L4T R32 has the chip average 512 cycles of 6 x 140 us, recursively


class Rail(NamedTuple):
    """A sense resistor, and the voltage at which the offset and the resolution of its power are stated.

    Without a resistor here only one that the driver tells gives an accuracy.
    """

    shunt_ohm: Optional[float]
    nominal_V: float


class Board(NamedTuple):
    """One kind of board.  `total`: the rails that together make its whole input, at the place that `boundary` names.

    All other rails lie inside it.
    """

    name: str
    soc: str
    rails: Dict[str, Rail]
    total: Tuple[str, ...]
    note: str = ""
    r32_tau_s: float = R32_TAU_S
    boundary: str = "module"


TX2_RAILS = {
    "VDD_IN": Rail(0.020, 19.2),
    "VDD_SYS_GPU": Rail(0.010, 19.2),
    "VDD_SYS_SOC": Rail(0.010, 19.2),
    "VDD_SYS_CPU": Rail(0.010, 19.2),
    "VDD_SYS_DDR": Rail(0.010, 4.8),
    "VDD_4V0_WIFI": Rail(0.010, 4.8),
    # as L4T R28 named them
    "VDD_GPU": Rail(0.010, 19.2),
    "VDD_SOC": Rail(0.010, 19.2),
    "VDD_CPU": Rail(0.010, 19.2),
    "VDD_DDR": Rail(0.010, 4.8),
    "VDD_WIFI": Rail(0.010, 4.8),
}
NANO_RAILS = {name: Rail(0.005, 5.0) for name in ("POM_5V_IN", "POM_5V_GPU", "POM_5V_CPU")}
NX_RAILS = {name: Rail(0.005, 5.0) for name in ("VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC")}
AGX_XAVIER_RAILS = {  # 19 V is the highest that any of them carries
    name: Rail(0.005, 19.0) for name in ("GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V")
}
AGX_ORIN_RAILS = {
    "VDD_GPU_SOC": Rail(0.002, 20.0),
    "VDD_CPU_CV": Rail(0.002, 20.0),
    "VIN_SYS_5V0": Rail(0.002, 5.0),
    "VDDQ_VDD2_1V8AO": Rail(0.002, 5.0),
}
THOR_RAILS = {"VDD_GPU": Rail(None, 20.0), "VDD_CPU_SOC_MSS": Rail(None, 20.0), "VIN_SYS_5V0": Rail(None, 5.0)}
AGX_ORIN_TOTAL = ("VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0")

TX2_NOTE = "VDD_IN is the input of the module.  Rails of the carrier board, VDD_MUX too, are never added to it."
AGX_XAVIER_NOTE = "No rail of this board carries its whole input: all six are added."
AGX_ORIN_NOTE = (
    "No rail of this board carries its whole input: three are added.  VDDQ_VDD2_1V8AO is fed from VIN_SYS_5V0 and "
    "lies inside it; a tool that adds it too reports more."
)
THOR_NOTE = "VIN is measured by an INA238 on the carrier board, so it is the input of the whole board."

BOARDS = (
    Board("Jetson TX2", "tegra186", TX2_RAILS, ("VDD_IN",), TX2_NOTE),
    Board("Jetson Nano", "tegra210", NANO_RAILS, ("POM_5V_IN",), r32_tau_s=0.054),  # 64 cycles
    Board("Jetson Xavier NX", "tegra194", NX_RAILS, ("VDD_IN",)),
    Board("Jetson AGX Xavier", "tegra194", AGX_XAVIER_RAILS, tuple(AGX_XAVIER_RAILS), AGX_XAVIER_NOTE),
    Board("Jetson Orin NX or Orin Nano", "tegra234", NX_RAILS, ("VDD_IN",)),
    Board("Jetson AGX Orin", "tegra234", AGX_ORIN_RAILS, AGX_ORIN_TOTAL, AGX_ORIN_NOTE),
    Board("Jetson AGX Thor", "tegra264", THOR_RAILS, ("VIN",), THOR_NOTE, boundary="dc_input"),
)
