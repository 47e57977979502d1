"""A Dovecot that takes mail by LMTP into Maildirs, for any address."""

import grp
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.peers.dovecot_auth import DOVECOT
from demo.peers.processes import answers, free_port, stop, wait_until

NOT_ROOT = "nobody"  # whose files the mails become, where Dovecot is started by root


@contextmanager
def dovecot() -> Iterator[int]:
    """The port of a running server."""
    if not DOVECOT.exists():
        raise SystemExit("Dovecot is missing: make setup")
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    try:
        folder.chmod(0o755)  # for that user
        port = free_port()
        (folder / "mail").mkdir()
        (folder / "dovecot.conf").write_text(_configuration(folder, port))
        process = subprocess.Popen(
            [DOVECOT, "-F", "-c", folder / "dovecot.conf"], stdin=subprocess.DEVNULL, cwd=folder
        )
        try:
            wait_until(lambda: answers(port), process, "Dovecot")
            yield port
        finally:
            stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _configuration(folder: Path, port: int) -> str:
    user = pwd.getpwnam(NOT_ROOT) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    os.chown(folder / "mail", user.pw_uid, user.pw_gid)
    group = grp.getgrgid(user.pw_gid).gr_name
    return CONFIGURATION.format(
        folder=folder, port=port, user=user.pw_name, group=group,
        uid=user.pw_uid, gid=user.pw_gid,
    )  # fmt: skip


# mail_fsync: optimized syncs each mail before it is acknowledged.
CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = lmtp
ssl = no
listen = 127.0.0.1
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
mail_location = maildir:{folder}/mail/%u
mail_fsync = optimized
lmtp_save_to_detail_mailbox = no
first_valid_uid = 1
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u allow_all_users=yes
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service lmtp {{
  inet_listener lmtp {{
    port = {port}
  }}
  process_min_avail = 16
  service_count = 0
}}
"""
