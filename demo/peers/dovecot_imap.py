"""A Dovecot with mailboxes behind IMAP, which may lack what other servers have, or lose its way."""

import base64
import grp
import hashlib
import hmac
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from demo.peers.dovecot import NOT_ROOT
from demo.peers.dovecot_auth import DOVECOT
from demo.peers.processes import answers, free_port, wait_until
from demo.peers.tls import make_server_certificate

NO_KEYWORDS = "lrste"  # RFC 4314: \Seen and \Deleted can be set, messages removed, nothing else
READ_ONLY = "lr"


@dataclass
class DovecotImap:
    """A server on loopback; its mailboxes are Maildirs, and outlive `kill`.

    Attributes:
        capability: what it says it can (`imap_capability`); empty: what it really can.
        rights: what an owner may do in a folder (RFC 4314); empty: everything.
    """

    folder: Path
    capability: str = ""
    rights: str = ""
    port: int = field(default_factory=free_port)  # STARTTLS
    imaps: int = field(default_factory=free_port)  # TLS from the first byte
    password: str = field(default_factory=secrets.token_urlsafe)
    token_key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    process: subprocess.Popen[bytes] | None = None

    @property
    def ca_file(self) -> Path:
        """Whoever trusts it trusts the server."""
        return self.folder / "ca.pem"

    def start(self) -> None:
        """Start, and wait until it answers."""
        (self.folder / "dovecot.conf").write_text(self._configuration())
        self.process = subprocess.Popen(
            [DOVECOT, "-F", "-c", self.folder / "dovecot.conf"],
            stdin=subprocess.DEVNULL, cwd=self.folder, start_new_session=True,
        )  # fmt: skip
        wait_until(lambda: answers(self.port), self.process, "Dovecot")

    def kill(self) -> None:
        """As when its machine loses power: everything that has its session, at once."""
        self._signal(signal.SIGKILL)
        if self.process:
            self.process.wait()

    def freeze(self) -> None:
        """Connections stand, and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def mailbox(self, user: str, name: str = "INBOX") -> Path:
        """The Maildir of a folder; it is there."""
        path = self.folder / "mail" / user / ("" if name == "INBOX" else f".{name}")
        for part in ("", "cur", "new", "tmp"):
            self._own(path / part)
        return path

    def _own(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        shutil.chown(path, self._user.pw_uid, self._user.pw_gid)

    def deliver(
        self, user: str, *mails: bytes, at: datetime | None = None, name: str = "INBOX"
    ) -> None:
        """Put `mails` into a folder, as a delivery agent does; `at` is their INTERNALDATE."""
        path = self.mailbox(user, name)
        for raw in mails:
            unique = f"{time.time_ns()}.{secrets.token_hex(8)}.{socket.gethostname()}"
            draft = path / "tmp" / unique
            draft.write_bytes(raw)
            shutil.chown(draft, self._user.pw_uid, self._user.pw_gid)
            if at:
                os.utime(draft, (at.timestamp(), at.timestamp()))
            draft.rename(path / "new" / unique)

    def mails(self, user: str, name: str = "INBOX") -> list[bytes]:
        """What lies in a folder."""
        path, found = self.mailbox(user, name), []
        for one in [*(path / "cur").iterdir(), *(path / "new").iterdir()]:
            with suppress(FileNotFoundError):  # it is renamed, or moved, just now
                found.append(one.read_bytes())
        return sorted(found)

    def renumber(self, user: str) -> None:
        """Forget every UID of INBOX, and what was flagged: it gets another UIDVALIDITY."""
        path = self.mailbox(user)
        header = (path / "dovecot-uidlist").read_text().split()
        validity = next(int(word[1:]) for word in header if word.startswith("V"))
        for file in path.glob("dovecot*"):
            file.unlink()
        for mail in [*(path / "cur").iterdir()]:
            mail.rename(path / "new" / mail.name.partition(":")[0])
        uidlist = path / "dovecot-uidlist"
        uidlist.write_text(f"3 V{validity + 1} N1 G{secrets.token_hex(16)}\n")
        shutil.chown(uidlist, self._user.pw_uid, self._user.pw_gid)

    def token(self, user: str, *, seconds: int = 3600) -> str:
        """An access token that the server believes: a JWT (RFC 7519), HS256."""
        now = int(time.time())
        claims = {"sub": user, "email": user, "iat": now - 60, "exp": now + seconds}
        parts = [
            _base64url(json.dumps(part).encode())
            for part in ({"typ": "JWT", "alg": "HS256"}, claims)
        ]
        signed = ".".join(parts)
        mac = hmac.digest(self.token_key, signed.encode(), hashlib.sha256)
        return f"{signed}.{_base64url(mac)}"

    @property
    def _user(self) -> pwd.struct_passwd:
        """Whose files the mails are: Dovecot opens none as root."""
        return pwd.getpwnam(NOT_ROOT) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())

    def _configuration(self) -> str:
        user = self._user
        key = self.folder / "keys/default/HS256/default"
        key.parent.mkdir(parents=True, exist_ok=True)
        key.write_bytes(base64.b64encode(self.token_key))
        keys = f"local_validation_key_dict = fs:posix:prefix={key.parents[2]}/\n"
        (self.folder / "oauth2.conf").write_text(f"introspection_mode = local\n{keys}")
        text = CONFIGURATION.format(
            folder=self.folder, port=self.port, imaps=self.imaps, password=self.password,
            user=user.pw_name, group=grp.getgrgid(user.pw_gid).gr_name, uid=user.pw_uid,
            gid=user.pw_gid, capability=self.capability,
        )  # fmt: skip
        if self.rights:
            (self.folder / "rights").write_text(f"* owner {self.rights}\n")
            text += RIGHTS.format(folder=self.folder)
        return text


@contextmanager
def dovecot_imap(*, capability: str = "", rights: str = "") -> Iterator[DovecotImap]:
    """A server while the block runs; anybody logs in with its password, or with a token."""
    if not DOVECOT.exists():
        raise SystemExit("Dovecot is missing: make setup")
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    try:
        folder.chmod(0o755)  # for that user
        server = DovecotImap(folder, capability, rights)
        make_server_certificate(server.ca_file, folder / "server.pem")
        server._own(folder / "mail")
        server.start()
        try:
            yield server
        finally:
            server.kill()  # nobody wants what lies there any more
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
listen = 127.0.0.1
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
mail_location = maildir:{folder}/mail/%u
mail_max_userip_connections = 0
mailbox_list_index = no
imap_capability = {capability}
first_valid_uid = 1

# a wrong password makes nobody wait
auth_failure_delay = 0
auth_mechanisms = plain xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u allow_all_users=yes
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
"""

RIGHTS = """
mail_plugins = acl
protocol imap {{
  mail_plugins = acl
}}
plugin {{
  acl = vfile:{folder}/rights
}}
"""
