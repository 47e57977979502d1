"""What a person wrote from a registered mailbox, and nobody known has signed: a note, once a day.

From may be anybody's, so nothing is done for it: the note, or the forms that it
asks for, go to the agency's registered mailbox and tell nothing that is not public.
"""

import re
from datetime import datetime

from bot.clock import HANOI
from bot.dossier.attachment_rules import in_the_way
from bot.inbox.mime import Survey
from bot.outbox.agency_notices import Forms, Unsigned
from bot.outbox.delivery import intend
from bot.register.lifecycle import Channel
from bot.register.models import Agency, Mail
from bot.sms.text import unaccent

ASKING = re.compile(r"(re|fwd?|tra loi|chuyen tiep)?\W*(mau bieu|bieu mau)\W*")


def asks_for_forms(subject: str) -> bool:
    """Whether a subject says «Mẫu biểu», with or without accents, and nothing else."""
    words = " ".join(unaccent(subject).casefold().split())
    return ASKING.fullmatch(words) is not None


async def answer_unsigned(mail: Mail, survey: Survey, agency: Agency, now: datetime) -> None:
    """The blank forms, or what was in the way; inside the caller's transaction.

    Each of them goes to an agency once a day.
    """
    content: Forms | Unsigned
    if asks_for_forms(survey.subject):
        content = Forms(agency.name)
    else:
        kinds = {part.kind for part in survey.parts}
        content = Unsigned(agency.name, mail.received_at, in_the_way(kinds))
    await intend(
        content,
        key=f"{content.kind}:{agency.id}:{now.astimezone(HANOI):%Y-%m-%d}",
        channel=Channel.EMAIL,
        recipient=agency.mailbox,
        now=now,
        answers=mail,
    )
