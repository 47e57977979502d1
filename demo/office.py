"""A school's office beside a bot of your own: its certificates, and a letter signed today.

    python -m demo.office [HOME]

Writes into HOME (./var) the trust store, the two signers' certificates and a
signed form 01, and answers for its CA until Ctrl-C.
"""

import sys
import threading
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from rich.console import Console

from bot.clock import HANOI
from bot.config import Settings
from bot.dossier.forms import blank_form
from demo.foreign import ForeignPki
from demo.school import TEACHERS, School


def main() -> None:
    """Lay everything down, say what to do with it, and serve revocation data."""
    home = Path(*sys.argv[1:2] or ["var"])
    console = Console(highlight=False, soft_wrap=True, markup=False)
    with ForeignPki() as pki:
        school = School.of(pki)
        pki.write_trust(home / "trust")
        (home / "leader.cer").write_bytes(school.leader.der)
        (home / "seal.cer").write_bytes(school.seal.der)
        today = datetime.now(HANOI).date()
        (home / "signed.pdf").write_bytes(school.write(blank_form(Settings()), TEACHERS, today))
        console.print(
            f"Certificates: {home}/leader.cer, {home}/seal.cer. Letter: {home}/signed.pdf.\n"
            f'Put into bot.toml:\n\n[trust]\naddresses = ["{pki.address}"]\n\n'
            "[officers]\nsignatures = 0\n\n"  # nobody signs for power here
            "The school's CA answers until Ctrl-C."
        )
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
