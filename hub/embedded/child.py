"""What becomes of a child process whose parent is killed, and how it runs when the parent is root.

Run as a file, before anything is imported, between fork and exec::

    python -I -S child.py --parent PID [--death-signal INT|TERM|KILL] [--unprivileged] [--without FOLDER]...
                          -- PROGRAM [ARGUMENT...]

`--parent` is the pid of the supervisor: a child that comes up after it has already gone does not start.
`--death-signal` is what the kernel sends to the program when the supervisor ends, however it ends (Linux only;
elsewhere nothing happens). The kernel means the thread that started the child: start children from the main thread.
`--unprivileged`: when root starts it, the program sees itself as uid 1000 in a user namespace of its own, without any
capability, yet reaches every file that root owns, also under a home of mode 0700. For anybody else it does nothing.
`--without`: when anybody but root starts it, the program finds nothing in that folder, in a mount namespace of its own.
Where the kernel refuses that, the program starts all the same and stderr says so. For root it does nothing: what root
starts becomes another account by itself, which cannot enter such folders.

Ends with 77 when this kernel refuses user namespaces (the caller may then use an account of its own),
with 75 when the parent has gone, with 127 when the program cannot be started, with 2 on wrong arguments;
otherwise with whatever the program ends with. Needs the standard library only.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

NO_NAMESPACE = 77
PARENT_GONE = 75
NOT_STARTED = 127
WRONG_ARGUMENTS = 2

# linux/prctl.h and linux/sched.h; the `os` module has neither call in Python 3.11.
_PR_SET_PDEATHSIG = 1
_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
# linux/mount.h
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_MS_REC, _MS_PRIVATE = 0x4000, 0x40000
_DEATH_SIGNALS = {"INT": signal.SIGINT, "TERM": signal.SIGTERM, "KILL": signal.SIGKILL}
_SEEN_INSIDE = 1000


@dataclass(frozen=True)
class Start:
    """What to start, under whom, and what ends it."""

    parent: int
    death_signal: signal.Signals
    unprivileged: bool
    without: tuple[str, ...]
    program: tuple[str, ...]


class ChildRefused(Exception):
    """The program is not started; `status` is what this process ends with."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def wrap_command(
    program: tuple[str, ...],
    *,
    parent: int,
    death_signal: str = "TERM",
    unprivileged: bool = False,
    without: tuple[Path, ...] = (),
) -> tuple[str, ...]:
    """The argument list that starts `program` through this file."""
    wrapped = (sys.executable, "-I", "-S", str(Path(__file__).resolve()), "--parent", str(parent))
    alone = ("--unprivileged",) if unprivileged else ()
    hidden = tuple(word for folder in without for word in ("--without", str(folder)))
    return (*wrapped, "--death-signal", death_signal, *alone, *hidden, "--", *program)


def parse_arguments(arguments: list[str]) -> Start:
    """Read the arguments described above; raises Refused with 2 when they are not those."""
    if "--" not in arguments:
        raise ChildRefused(WRONG_ARGUMENTS, "the program to start is missing: write it after --")
    split = arguments.index("--")
    options, program = arguments[:split], tuple(arguments[split + 1 :])
    parent, death_signal, unprivileged = 0, signal.SIGTERM, False
    without: list[str] = []
    words = iter(options)
    for option in words:
        if option == "--unprivileged":
            unprivileged = True
        elif option == "--parent" and (pid := next(words, "")).isdecimal():
            parent = int(pid)
        elif option == "--death-signal" and (name := next(words, "")) in _DEATH_SIGNALS:
            death_signal = _DEATH_SIGNALS[name]
        elif option == "--without" and (folder := next(words, "")):
            without.append(folder)
        else:
            raise ChildRefused(WRONG_ARGUMENTS, f"{option} is not understood or lacks its value")
    if not program or parent == 0:
        raise ChildRefused(WRONG_ARGUMENTS, "both --parent PID and a program after -- are needed")
    return Start(parent, death_signal, unprivileged, tuple(without), program)


def exec_program(start: Start) -> None:
    """Replace this process by the program; returns never, raises Refused when it cannot."""
    if start.unprivileged and os.geteuid() == 0 and sys.platform == "linux":
        _enter_namespace()
    if start.without and os.geteuid() != 0 and sys.platform == "linux":
        _hide_folders(start.without)
    if sys.platform == "linux":
        # After the namespace: a change of credentials clears the death signal.
        _call_libc("prctl", _PR_SET_PDEATHSIG, int(start.death_signal), 0, 0, 0)
    if os.getppid() != start.parent:
        raise ChildRefused(PARENT_GONE, f"process {start.parent}, which started this one, has gone")
    _restore_default_signals()
    try:
        os.execvp(start.program[0], start.program)
    except OSError as error:
        raise ChildRefused(NOT_STARTED, f"cannot start {start.program[0]}: {error.strerror}") from error


def _enter_namespace() -> None:
    """Become uid 1000 in a user namespace in which that is the outer root; capabilities end with the exec."""
    try:
        _unshare_namespaces(_CLONE_NEWUSER, uid_inside=_SEEN_INSIDE, gid_inside=_SEEN_INSIDE)
    except OSError as error:
        raise ChildRefused(NO_NAMESPACE, f"this kernel gives root no user namespace: {error}") from error


def _hide_folders(folders: tuple[str, ...]) -> None:
    """Put an empty folder over each of these, for this process alone; its account stays what it is."""
    try:
        _unshare_namespaces(_CLONE_NEWUSER | _CLONE_NEWNS, uid_inside=os.geteuid(), gid_inside=os.getegid())
        _mount_filesystem(b"none", b"/", None, _MS_REC | _MS_PRIVATE)
        for folder in folders:
            if os.path.isdir(folder):  # noqa: PTH112 - pathlib raises where a parent may not be entered
                _mount_filesystem(
                    b"none", os.fsencode(folder), b"tmpfs", _MS_RDONLY | _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
                )
    except OSError as error:
        sys.stderr.write(f"anling: this kernel hides no folders from a process, which goes on without that: {error}\n")


def _unshare_namespaces(what: int, *, uid_inside: int, gid_inside: int) -> None:
    """Enter new namespaces in which this account has these numbers; raises OSError."""
    uid, gid = os.geteuid(), os.getegid()
    _call_libc("unshare", what)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{uid_inside} {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{gid_inside} {gid} 1", encoding="ascii")


def _mount_filesystem(source: bytes, target: bytes, kind: bytes | None, flags: int) -> None:
    """mount(2); raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.mount(source, target, kind, ctypes.c_ulong(flags), None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount: {os.strerror(number)}")


def _call_libc(name: str, *arguments: int) -> None:
    """Call the C library; raises OSError with its errno."""
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*(ctypes.c_long(argument) for argument in arguments)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _restore_default_signals() -> None:
    """Give the program the usual answers: Python ignores SIGPIPE, and a shell's background jobs ignore SIGINT."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def main() -> int:
    """Start the program, or say on stderr why not and give the exit status."""
    try:
        exec_program(parse_arguments(sys.argv[1:]))
    except ChildRefused as refused:
        sys.stderr.write(f"anling: {refused}\n")
        return refused.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
