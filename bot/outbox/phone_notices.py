"""What phones that asked are told."""

from dataclasses import dataclass
from datetime import datetime

from bot.outbox.content import Content


@dataclass(frozen=True)
class Progress(Content):
    """To a phone that asked for it and is known to the dossier: where it stands."""

    kind = "progress"
    channels = ("sms",)

    number: str
    state: str  # `DossierStatus`
    due: datetime | None  # None: its clock has stopped


@dataclass(frozen=True)
class Help(Content):
    """To a registered phone that wrote what nobody understands: what it may write."""

    kind = "help"
    channels = ("sms",)
