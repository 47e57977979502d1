"""A Postfix of our own: mail in by LMTP to our doors, mail out by submission into a Maildir.

Every address below `.vn` takes mail, except `NOBODY` and `BUSY`. Nothing goes
further than the Maildir and the doors.
"""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from demo.peers.dovecot_auth import dovecot_auth
from demo.peers.processes import answers, free_port, stop, wait_until
from demo.peers.tls import make_server_certificate

DAEMONS = Path("/usr/lib/postfix/sbin")
OFFICIAL = "hoso@ca.example.gov.vn"
NOBODY = "khong.co@hanoiedu.vn"  # 550 5.1.1
BUSY = "dang.ban@hanoiedu.vn"  # 450 4.2.1
READER = "nobody"  # whose files the mails become; Postfix delivers none as root


@dataclass
class Postfix:
    """A server on loopback, with a login. Its queue outlives `stop`."""

    folder: Path
    inbound: int = field(default_factory=free_port)  # SMTP, for the official mailboxes
    submission: int = field(default_factory=free_port)  # STARTTLS
    submissions: int = field(default_factory=free_port)  # TLS from the first byte (RFC 8314)
    login: str = "bot"
    password: str = field(default_factory=secrets.token_urlsafe)
    process: subprocess.Popen[bytes] | None = None

    @property
    def ca_file(self) -> Path:
        """Whoever trusts it trusts the server."""
        return self.folder / "ca.pem"

    @property
    def maildir(self) -> Path:
        """Where everything ends that was submitted."""
        return self.folder / "mail"

    @property
    def log(self) -> Path:
        return self.folder / "mail.log"

    def start(self) -> None:
        """Start, and wait until it answers."""
        self.process = subprocess.Popen(
            [DAEMONS / "master", "-c", self.folder / "etc", "-s"],
            stdin=subprocess.DEVNULL, cwd=self.folder, start_new_session=True,
        )  # fmt: skip
        wait_until(lambda: answers(self.submission), self.process, "Postfix")

    def stop(self) -> None:
        """End it in order, with all its daemons."""
        if self.process:
            stop(self.process)


@contextmanager
def postfix(*doors: int, official: tuple[str, ...] = (OFFICIAL,)) -> Iterator[Postfix]:
    """A server while the block runs.

    Args:
        doors: ports of loopback where LMTP is spoken; the official mailboxes are relayed there.
        official: our mailboxes. Whoever logs in may send from their domains.
    """
    if not (DAEMONS / "master").exists():
        raise SystemExit("Postfix is missing: make setup")
    if os.geteuid() != 0:
        raise SystemExit("Postfix starts for root only, since its daemons change their user.")
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="postfix-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)  # for those users
        server = Postfix(folder)
        make_server_certificate(server.ca_file, folder / "server.pem")
        stack.enter_context(dovecot_auth(folder, server.login, server.password))
        _configure(server, doors, official)
        stack.callback(server.stop)
        server.start()
        yield server


def _configure(server: Postfix, doors: tuple[int, ...], official: tuple[str, ...]) -> None:
    folder = server.folder
    owners = {"etc": "root", "queue": "root", "data": "postfix", "mail": READER}
    for name, owner in owners.items():
        (folder / name).mkdir()
        shutil.chown(folder / name, owner)
    for name, text in _files(server, doors, official).items():
        (folder / "etc" / name).write_text(text)
        os.utime(folder / "etc" / name, (0, 0))  # each daemon waits until a new file has settled
    done = subprocess.run(  # makes the queue's folders
        ["/usr/sbin/postfix", "-c", folder / "etc", "check"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"postfix check: {done.stdout}")


def _files(server: Postfix, doors: tuple[int, ...], official: tuple[str, ...]) -> dict[str, str]:
    """What lies in `config_directory`: main.cf, master.cf, and the tables that they name."""
    reader = pwd.getpwnam(READER)
    lmtp = "lmtp:" + ", ".join(f"inet:127.0.0.1:{port}" for port in doors)
    domains = {mailbox.partition("@")[2] for mailbox in official}
    return {
        "main.cf": MAIN.format(folder=server.folder, user=reader.pw_uid, group=reader.pw_gid),
        "master.cf": MASTER.format(**vars(server)),
        "doors": "".join(f"{mailbox} {lmtp}\n" for mailbox in official),
        "official": "".join(f"{mailbox} OK\n" for mailbox in official),
        "senders": "".join(f"@{domain} {server.login}\n" for domain in domains),
        "listed": f"{NOBODY} 550 5.1.1 No such mailbox\n{BUSY} 450 4.2.1 Mailbox is busy\n",
        "domains": "/\\.vn$/ OK\n/./ 550 5.1.2 No such domain\n",
    }


MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}

myhostname = mail.example.gov.vn
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
disable_dns_lookups = yes
smtpd_peername_lookup = no
mynetworks =
mydestination =
alias_maps =
local_header_rewrite_clients =
message_size_limit = 26000000
mailbox_size_limit = 0
smtpd_error_sleep_time = 0
in_flow_delay = 0

# a door that was away is tried again soon
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
transport_retry_time = 1s

smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_tls_chain_files = {folder}/server.pem
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/auth
smtpd_sender_login_maps = texthash:{folder}/etc/senders

transport_maps = texthash:{folder}/etc/doors
virtual_mailbox_domains = regexp:{folder}/etc/domains
virtual_mailbox_base = {folder}
virtual_mailbox_maps = static:mail/
virtual_uid_maps = static:{user}
virtual_gid_maps = static:{group}

submission_senders = reject_sender_login_mismatch
submission_recipients =
  check_recipient_access texthash:{folder}/etc/listed,
  check_recipient_access regexp:{folder}/etc/domains
inbound_recipients =
  check_recipient_access texthash:{folder}/etc/official,
  reject
"""

MASTER = """
127.0.0.1:{inbound} inet n - n - - smtpd
  -o smtpd_relay_restrictions=$inbound_recipients
127.0.0.1:{submission} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sender_restrictions=$submission_senders
  -o smtpd_recipient_restrictions=$submission_recipients
127.0.0.1:{submissions} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sender_restrictions=$submission_senders
  -o smtpd_recipient_restrictions=$submission_recipients
anvil unix - - n - 1 anvil
bounce unix - - n - 0 bounce
cleanup unix n - n - 0 cleanup
defer unix - - n - 0 bounce
error unix - - n - - error
lmtp unix - - n - - lmtp
postlog unix-dgram n - n - 1 postlogd
proxymap unix - - n - - proxymap
qmgr unix n - n 300 1 qmgr
retry unix - - n - - error
rewrite unix - - n - - trivial-rewrite
tlsmgr unix - - n 1000? 1 tlsmgr
trace unix - - n - 0 bounce
virtual unix - n n - - virtual
"""
