"""What an account logs in with: read anew each time, since it may be exchanged meanwhile."""

import subprocess
from collections.abc import Sequence

from bot.errors import Misconfigured, Unavailable

LONGEST = 65_536  # characters of a token


class TokenUnavailable(Unavailable):
    """The command for an access token failed, or took too long: perhaps its server is away."""

    code = "imap.token"


def printed_token(command: Sequence[str], seconds: float) -> str:
    """The access token that `command` prints; it is run without a shell. Blocking.

    Raises:
        Misconfigured: there is no such command.
        TokenUnavailable: it prints none.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own command
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=seconds, check=True,
        )  # fmt: skip
        token = done.stdout.decode("ascii").strip()
    except OSError:
        raise Misconfigured(
            f"Setting imap.accounts: {command[0]} cannot be run.", "Mend token_command."
        ) from None
    except (subprocess.SubprocessError, UnicodeDecodeError):
        raise TokenUnavailable from None
    if not token.isprintable() or not 0 < len(token) <= LONGEST:
        raise TokenUnavailable
    return token
