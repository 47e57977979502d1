"""What commands read from files and options."""

from pathlib import Path

from cryptography import x509

from bot.errors import Misconfigured


def read_certificate(path: Path) -> x509.Certificate:
    """One certificate, PEM or DER.

    Raises:
        Misconfigured: the file cannot be read, or holds none.
    """
    try:
        content = path.read_bytes()
        if content.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_certificate(content)
        return x509.load_der_x509_certificate(content)
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}.", "Check it.") from None
    except ValueError:
        raise Misconfigured(f"{path} holds no certificate.", "Export it as PEM or DER.") from None
