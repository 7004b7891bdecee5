"""Child processes that do not outlive the process which started them."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import IO

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def dying_with_parent(with_signal: signal.Signals) -> Callable[[], None] | None:
    """A preexec_fn: the kernel sends `with_signal` when the parent is gone, even by kill -9. Linux only."""
    if _libc is None:
        return None
    parent, libc = os.getpid(), _libc

    def ask_the_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(with_signal))
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel


def spawn(
    words: Sequence[str],
    *,
    output: IO[bytes] | int,
    user: int | None = None,
    group: int | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    with_signal: signal.Signals = signal.SIGTERM,
) -> "subprocess.Popen[bytes]":
    """Starts a program in a session of its own, so that Ctrl-C reaches only its parent, who ends it in order.

    Call it from the main thread: the kernel takes the end of the calling thread for the end of the parent.
    """
    return subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        user=user,
        group=group,
        extra_groups=None if user is None else [],
        env=env,
        cwd=cwd,
        start_new_session=True,
        preexec_fn=dying_with_parent(with_signal),
    )
