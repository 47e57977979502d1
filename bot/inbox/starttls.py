"""The door's certificate (RFC 3207)."""

import ssl
from pathlib import Path

from bot.errors import Misconfigured


def context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 or better, with this certificate, its chain and its key (PEM).

    Raises:
        Misconfigured: a file cannot be read, or they do not fit; names the setting.
    """
    for setting, path in (("door.certificate", certificate), ("door.key", key)):
        try:
            path.read_bytes()
        except OSError as error:
            raise Misconfigured(
                f"Setting {setting}: {path} cannot be read ({error.strerror}).",
                "Let it name a PEM file that the bot's user may read.",
            ) from None
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        tls.load_cert_chain(certificate, key, password="")  # never ask for one
    except ssl.SSLError:
        raise Misconfigured(
            f"Settings door.certificate and door.key: {certificate} and {key} do not fit.",
            "They are PEM: the certificate first, then its chain; its key, without a passphrase.",
        ) from None
    return tls
