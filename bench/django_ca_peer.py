"""django-ca in a process of its own: SQLite, its key in a file; through its own Python API.

    python -m bench.django_ca_peer FOLDER

For each line on standard input, a number, makes that many certificates; prints
the seconds. The subscribers' requests are made beforehand, since it makes no keys.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import django
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.core.management import call_command
from django.urls import include, path

SECONDS_A_YEAR = 365 * 24 * 3600


def main(folder: Path) -> None:
    storage = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    settings.configure(
        SECRET_KEY="bench",  # noqa: S106 - nobody logs in
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django_ca"],
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "db.sqlite3"}
        },
        STORAGES={
            "default": storage,
            "staticfiles": storage,
            "django-ca": storage | {"OPTIONS": {"location": str(folder / "keys")}},
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        CA_DEFAULT_HOSTNAME="ca.example.gov.vn",
        CA_USE_CELERY=False,
    )
    django.setup()
    settings.ROOT_URLCONF = (path("", include("django_ca.urls")),)  # stands in certificates
    call_command("migrate", verbosity=0)
    issue = _authority()
    print("ready", flush=True)
    for line in sys.stdin:
        requests = [_request(number) for number in range(int(line))]
        start = time.perf_counter()
        for request in requests:
            issue(request)
        print(time.perf_counter() - start, flush=True)


def _authority() -> Any:
    """What makes a certificate of a request."""
    from django_ca.key_backends import key_backends
    from django_ca.key_backends.storages.models import (
        StoragesCreatePrivateKeyOptions,
        StoragesUsePrivateKeyOptions,
    )
    from django_ca.models import Certificate, CertificateAuthority

    authority = CertificateAuthority.objects.init(
        name="bench",
        key_backend=key_backends["default"],
        key_backend_options=StoragesCreatePrivateKeyOptions(
            key_type="EC", password=None, path=Path("ca"), elliptic_curve="secp256r1"
        ),
        key_type="EC",
        subject=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")]),
        not_after=datetime.now(UTC) + timedelta(seconds=10 * SECONDS_A_YEAR),
    )
    use = StoragesUsePrivateKeyOptions()

    def issue(request: x509.CertificateSigningRequest) -> None:
        Certificate.objects.create_cert(authority, use, request, subject=request.subject)

    return issue


def _request(number: int) -> x509.CertificateSigningRequest:
    name = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
        x509.NameAttribute(NameOID.COMMON_NAME, f"Nguyễn Thị Hồng Hạnh {number}"),
    ]
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(name))
    return builder.sign(key, hashes.SHA256())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
