"""Certificates per second beside other authorities; ec-p256 for subscribers and CA alike.

Ours makes the subscriber's key and wraps it, lints, and writes account, notices
and trail besides; the others are handed requests that were made beforehand.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bench.house import Worker, founded
from bench.rounds import Effort, interleaved, ratio
from bench.table import Line
from bot.register.connection import opened
from bot.register.tasks import Queue
from bot.sections.authority import KeyAlgorithm

OURS = "ec-p256, accepted rows to committed certificates and notices, SQLite, SoftHSM"


async def beside_others(effort: Effort) -> AsyncIterator[Line]:
    count = effort.of(200)
    with (
        founded(KeyAlgorithm.EC_P256, ca_algorithm=KeyAlgorithm.EC_P256) as settings,
        _django_ca() as django_ca,
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
    ):
        openssl = OpenSsl(Path(folder), effort.of(1_000))
        async with (
            opened(settings.home / "register.sqlite3"),
            Worker.of(Queue.CA, settings) as worker,
        ):
            await worker.issue(20)
            found = await interleaved(
                effort,
                ours=lambda: worker.issue(count),
                django_ca=lambda: django_ca(count),
                openssl_ca=lambda: asyncio.to_thread(openssl.one_by_one, effort.of(100)),
                openssl_infiles=lambda: asyncio.to_thread(openssl.in_one_batch),
            )
    for name, against in {
        "django_ca": "django-ca: SQLite, its key in a file, `create_cert` in one process",
        "openssl_ca": "`openssl ca`, one process each",
        "openssl_infiles": "`openssl ca -infiles`, one batch, nothing synced to the disk",
    }.items():
        ours, theirs = found["ours"], found[name]
        yield Line(
            f"beside-{name.replace('_', '-')}",
            OURS,
            against,
            ratio(ours, theirs),
            "",
            f"{median(ours):.1f} and {median(theirs):.1f} certificates/s",
        )


@contextmanager
def _django_ca() -> Iterator[Callable[[int], Awaitable[float]]]:
    """What makes a number of certificates, and says how many a second."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.django_ca_peer", folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdin
        assert process.stdout
        asked, told = process.stdin, process.stdout

        async def rate(count: int) -> float:
            asked.write(f"{count}\n")
            asked.flush()
            return count / float(await asyncio.to_thread(told.readline))

        try:
            if told.readline().strip() != "ready":
                raise SystemExit("django-ca is missing: make bench")
            yield rate
        finally:
            asked.close()
            process.wait()


class OpenSsl:
    """`openssl ca` over requests in files."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder = folder
        self.requests = [folder / f"{number}.csr" for number in range(count)]
        key = ec.generate_private_key(ec.SECP256R1())
        for number, path in enumerate(self.requests):
            name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Hồng Hạnh {number}")])
            builder = x509.CertificateSigningRequestBuilder().subject_name(name)
            path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
        (folder / "ca.cnf").write_text(CONFIGURATION)
        (folder / "issued").mkdir()
        self._run(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=bench", "-config", "ca.cnf",
        )  # fmt: skip

    def one_by_one(self, count: int) -> float:
        """Certificates per second, a process each."""
        self._begin()
        start = time.perf_counter()
        for path in self.requests[:count]:
            self._run(*CA, "-in", path.name, "-out", f"{path.stem}.pem")
        return min(count, len(self.requests)) / (time.perf_counter() - start)

    def in_one_batch(self) -> float:
        """Certificates per second, one process for all."""
        self._begin()
        start = time.perf_counter()
        self._run(*CA, "-out", "all.pem", "-infiles", *[path.name for path in self.requests])
        return len(self.requests) / (time.perf_counter() - start)

    def _begin(self) -> None:
        """Its list grows and slows it down, so each round has a new one."""
        (self.folder / "index.txt").write_text("")

    def _run(self, *words: str) -> None:
        done = subprocess.run(
            ["openssl", *words], cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"openssl {words[0]}: {done.stderr.strip()}")


CA = ("ca", "-config", "ca.cnf", "-batch", "-notext")
CONFIGURATION = """
[ca]
default_ca = bench
[bench]
database = index.txt
new_certs_dir = issued
certificate = ca.pem
private_key = ca.key
rand_serial = yes
default_md = sha256
default_days = 1095
policy = anything
unique_subject = no
x509_extensions = leaf
[anything]
commonName = supplied
[leaf]
basicConstraints = CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
keyUsage = critical, digitalSignature, nonRepudiation
extendedKeyUsage = emailProtection, clientAuth
[authority]
basicConstraints = critical, CA:TRUE
subjectKeyIdentifier = hash
[req]
x509_extensions = authority
distinguished_name = name
utf8 = yes
string_mask = utf8only
[name]
"""
