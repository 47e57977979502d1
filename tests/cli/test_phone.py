"""`bot phone`: who wants no messages is seen, and an officer may lift it."""

from bot.register.audit import Event
from bot.register.models import OptOut
from tests.cli.command import Desk
from tests.register.rows import NOW

PHONE, SHORT = "+84912345678", "8888"


async def opted_out() -> None:
    for number in (PHONE, SHORT):
        await OptOut.create(number=number, since=NOW)


def test_who_opted_out_is_listed_and_lifted_as_people_write_numbers(desk: Desk) -> None:
    desk.register(opted_out)
    shown = desk.json("phone", "list")
    assert [one["number"] for one in shown] == [PHONE, SHORT]
    assert shown[0]["since"] == NOW.isoformat()
    desk.does("phone", "start", "0912 345 678")
    desk.does("phone", "start", SHORT)
    assert desk.json("phone", "list") == []
    codes = desk.register(lambda: Event.all().values_list("code", "because"))
    assert codes == [("phone.start", "officer.lifted")] * 2


def test_what_cannot_be_lifted_is_said_with_its_remedy(desk: Desk) -> None:
    assert "bot phone list" in desk.refuses("phone", "start", PHONE)
    assert "no mobile number" in desk.refuses("phone", "start", "hello")
