"""A RabbitMQ broker of our own, in a folder that goes with it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from demo.peers.processes import answers, free_port, stop, wait_until

PROGRAMS = Path("/usr/lib/rabbitmq/bin")


@dataclass
class RabbitMq:
    """A running broker; `guest` may do everything from loopback."""

    folder: Path
    port: int
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [PROGRAMS / "rabbitmq-server"], env=self.environment, cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        wait_until(lambda: answers(self.port), self.process, "RabbitMQ")

    def stop(self) -> None:
        """End it, as a machine that is switched off does."""
        if self.process:
            stop(self.process)

    def control(self, *words: str) -> str:
        """What `rabbitmqctl` says."""
        done = subprocess.run(
            [PROGRAMS / "rabbitmqctl", "--quiet", *words],
            check=True, capture_output=True, text=True, env=self.environment,
        )  # fmt: skip
        return done.stdout


@contextmanager
def rabbitmq() -> Iterator[RabbitMq]:
    """A broker while the block runs."""
    if not (PROGRAMS / "rabbitmq-server").exists():
        raise SystemExit("RabbitMQ is missing: make setup")
    folder = Path(tempfile.mkdtemp(prefix="rabbitmq-"))
    broker = RabbitMq(folder, free_port(), {})
    broker.environment = _environment(folder, broker.port)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
        subprocess.run(["epmd", "-kill"], env=broker.environment, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path, port: int) -> dict[str, str]:
    """Everything of its own: node, cookie, name service, data and logs."""
    (folder / "rabbitmq.conf").write_text(
        "loopback_users = none\n"
        f"listeners.tcp.1 = 127.0.0.1:{port}\n"
        "disk_free_limit.absolute = 10MB\n"
        "vm_memory_high_watermark.absolute = 2GB\n"
        "log.console = false\n"
    )
    (folder / "plugins").write_text("[].\n")
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(folder),  # of Erlang's cookie
        "RABBITMQ_NODENAME": f"bot{port}@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "ERL_EPMD_PORT": str(free_port()),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "logs"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
    }
