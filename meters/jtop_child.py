"""Asks the jtop service and prints what it says about power, a JSON line each time.

Runs alone, on whichever Python has jetson-stats, so that nothing of it is in a process that is measured or shipped.
"""

import json
import sys


def main(interval_s: float) -> int:
    del sys.path[0]  # this folder, which has a jtop.py of its own
    try:
        from jtop import jtop
    except ImportError:
        print(
            "jetson-stats is not installed for {}: sudo -H pip3 install jetson-stats".format(sys.executable),
            file=sys.stderr,
        )
        return 1
    try:
        with jtop(interval=interval_s) as service:
            while service.ok():
                line = {"interval_s": getattr(service, "interval", interval_s), "power": service.power}
                print(json.dumps(line), flush=True)
    except Exception as error:  # its own kinds, of several releases
        print("jtop says: {}".format(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
