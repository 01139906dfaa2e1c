"""Runs one benchmark: `./anling bench NAME [ARG…]`; without a name it says which there are."""

import runpy
import sys
from pathlib import Path


def list_benchmarks() -> list[str]:
    """The benchmarks, by the names of their files."""
    return sorted(file.stem for file in Path(__file__).parent.glob("*.py") if not file.stem.startswith("_"))


def main() -> int:
    """Run the benchmark that the first argument names; 2 when there is none of that name."""
    if len(sys.argv) < 2 or sys.argv[1] not in list_benchmarks():
        sys.stdout.write("usage: ./anling bench NAME [ARG...]\n" + "".join(f"  {name}\n" for name in list_benchmarks()))
        return 2
    name = sys.argv.pop(1)
    runpy.run_module(f"benchmarks.{name}", run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
