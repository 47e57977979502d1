"""Ports and processes of servers that are started for a while."""

import socket
import subprocess
import time
from collections.abc import Callable

PATIENCE = 60  # seconds until something that was started must answer


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Whether somebody listens on that port of loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(holds: Callable[[], bool], process: subprocess.Popen[bytes], what: str) -> None:
    """Wait until `holds` does, as long as the process lives.

    Raises:
        SystemExit: it ended, or took too long; `what` is its name.
    """
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        if holds():
            return
        time.sleep(0.05)
    raise SystemExit(f"{what} did not start.")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End it in order, or by force if it does not listen."""
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
