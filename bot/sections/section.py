"""What every section is, and the kinds of text that stand in several."""

from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MEGABYTE = 1_000_000


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _mailbox(text: str) -> str:
    try:
        validate_email(
            text, check_deliverability=False, allow_smtputf8=False, test_environment=True
        )
    except EmailNotValidError:
        raise ValueError("This is no mailbox") from None
    if not text.isascii():  # it stands in certificates
        raise ValueError("Only ASCII can stand in a certificate")
    return text.casefold()


Mailbox = Annotated[str, AfterValidator(_mailbox)]
# O and CN of certificates; `bot.ca.ceremony` counts octets too
Name = Annotated[str, Field(min_length=1, max_length=64)]
