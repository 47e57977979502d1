"""Whether an officer's certificate is one that the bot will believe."""

from bot.cli.output import fail
from bot.config import Settings
from bot.home import Home
from bot.signatures.trust import TrustStore


def require_trusted(settings: Settings, der: bytes) -> None:
    """End the command if no orders signed with this certificate would ever be believed."""
    if not is_trusted(settings, der):
        raise fail(
            "Nobody in the trust store has issued this certificate: its orders would never count.",
            f"Put its issuer into {settings.under_home(settings.trust.intermediates)}, and the "
            f"root above it into {settings.under_home(settings.trust.roots)}.",
        )


def is_trusted(settings: Settings, der: bytes) -> bool:
    """Whether a way leads from it to a root of the trust store.

    Raises:
        Misconfigured: a file of the trust store holds no certificate.
    """
    return bool(TrustStore.load(settings.trust, Home(settings).path).paths(der))
