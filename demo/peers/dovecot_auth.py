"""Dovecot, cut down to the part that checks a login: what Postfix asks (SASL)."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.peers.processes import stop, wait_until

DOVECOT = Path("/usr/sbin/dovecot")


@contextmanager
def dovecot_auth(folder: Path, login: str, password: str) -> Iterator[Path]:
    """The socket below `folder` that knows one login, while the block runs."""
    if not DOVECOT.exists():
        raise SystemExit("Dovecot is missing: make setup")
    (folder / "logins").write_text(f"{login}:{{PLAIN}}{password}\n")
    (folder / "dovecot.conf").write_text(CONFIGURATION.format(folder=folder))
    process = subprocess.Popen(
        [DOVECOT, "-F", "-c", folder / "dovecot.conf"], stdin=subprocess.DEVNULL, cwd=folder
    )
    try:
        wait_until((folder / "auth").is_socket, process, "Dovecot")
        yield folder / "auth"
    finally:
        stop(process)


CONFIGURATION = """
base_dir = {folder}/dovecot
log_path = {folder}/dovecot.log
protocols =
ssl = no
auth_mechanisms = plain login

# a wrong password makes nobody wait
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}

passdb {{
  driver = passwd-file
  args = {folder}/logins
}}
service auth {{
  unix_listener {folder}/auth {{
    mode = 0666
  }}
}}
"""
