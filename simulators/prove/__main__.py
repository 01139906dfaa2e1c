"""`./anling prove noloss|judge|shares`: does the hub keep its promises while things go wrong?"""

import importlib
import sys
from typing import Final

COMMANDS: Final = {
    "noloss": "no press is lost, and nothing is silent, whatever is killed, frozen, full, cut or poisoned",
    "shares": "one device, address or account never takes another's place",
    "judge": "planted bugs, each of which `noloss` must catch",
}


def main() -> int:
    """Run the prover that the first argument names; 2 when there is none of that name."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in COMMANDS:
        lines = "".join(f"  {command:8} {what}\n" for command, what in COMMANDS.items())
        sys.stdout.write(f"usage: ./anling prove COMMAND [OPTION...]\n{lines}")
        return 0 if name in ("-h", "--help") else 2
    # Each has a `main` that takes the arguments after its name and gives the exit status.
    module = importlib.import_module(f"simulators.prove.{name}")
    return int(module.main(sys.argv[2:]))


if __name__ == "__main__":
    sys.exit(main())
