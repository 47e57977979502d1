"""Everything that can go wrong, as one tree sorted by what happens next.

    BotError
      Refused         the applicant must act; told to them, never retried
      Conflict        somebody else already did it; dropped quietly
      Unavailable     a device or a network is down; tried again later
      Misconfigured   the operator must act; names the setting and the remedy

`code` is stable and free of secrets and personal data: logs, tasks and tests
use it, and nothing else of an error ever leaves the process.
"""

from typing import ClassVar


class BotError(Exception):
    """The root. `code` is the class's unless the instance narrows it."""

    code: ClassVar[str] = "error"

    def __str__(self) -> str:
        return " ".join([self.code, *map(str, self.args)])


class Refused(BotError):
    """The applicant must act: the answer will not change by trying again."""

    code = "refused"


class Conflict(BotError):
    """The step was already made, or the row moved on: nothing is left to do."""

    code = "conflict"


class Unavailable(BotError):
    """A device, peer or network did not answer: try again later."""

    code = "unavailable"


class Misconfigured(BotError):
    """The operator must act.

    Args:
        what: what is wrong, naming the setting.
        remedy: what to do about it.
    """

    code = "misconfigured"

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}"


def code_of(error: BaseException) -> str:
    """What logs and the register may say of `error`: a code, never its text."""
    return error.code if isinstance(error, BotError) else f"crash.{type(error).__name__}"
