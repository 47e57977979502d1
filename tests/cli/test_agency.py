"""Agencies and their signers: one certificate, one agency, one capacity at a time."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.register import audit
from bot.register.audit import Event
from bot.register.models import Agency, AgencySigner
from tests.cli.command import Desk

CVA = {
    "name": "Trường THPT Chu Văn An",
    "province": "Hà Nội",
    "organization": "Trường THPT Chu Văn An",
    "mailbox": "C3ChuVanAn@hanoiedu.edu.vn",
}


@pytest.fixture
def add(desk: Desk, signers: Path) -> Any:
    """The words that add an agency."""

    def add(code: str = "cva", **changes: str) -> list[str]:
        options = CVA | {
            "leader": str(signers / "leader.pem"), "seal": str(signers / "seal.cer"),
        } | changes  # fmt: skip
        words = [w for name, one in options.items() for w in (f"--{name.replace('_', '-')}", one)]
        return ["agency", "add", code, *words]

    return add


def test_an_agency_is_added_listed_and_shown(desk: Desk, add: Any) -> None:
    desk.does(*add(receiver_mobile="0912 345 678"))
    [entry] = desk.json("agency", "list")
    assert (entry["code"], entry["mailbox"]) == ("cva", "c3chuvanan@hanoiedu.edu.vn")
    entry = desk.json("agency", "show", "cva")
    assert [one["capacity"] for one in entry["signers"]] == ["leader", "organisation"]
    assert entry["subject"] == ["Hà Nội", "Trường THPT Chu Văn An"]
    assert entry["receiver"]["mobile"] == "+84912345678"
    assert "is registered" in desk.refuses(*add())


def test_what_is_done_to_an_agency_is_on_its_chain(desk: Desk, add: Any, signers: Path) -> None:
    desk.does(*add())
    end = ("--capacity", "leader", "--until", "2100-01-01")
    desk.does("agency", "signer", "cva", str(signers / "leader.pem"), *end)

    async def chain() -> list[str]:
        agency = await Agency.get(code="cva")
        assert [one async for one in audit.broken(agency.chain)] == []
        return [one.code async for one in Event.filter(chain=agency.chain).order_by("sequence")]

    assert desk.register(chain) == [
        "agency.register", "agency.signer", "agency.signer", "agency.signer_until",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"code": "x" * 33}, "1 to 32 letters"),
        ({"code": "trường"}, "1 to 32 letters"),
        ({"name": ""}, "--name"),
        ({"name": "x" * 256}, "--name"),
        ({"organization": "Trung tâm Giáo dục nghề nghiệp - " * 3}, "--organization"),
        ({"province": ""}, "--province"),
        ({"mailbox": "c3chuvanan"}, "Write it like name@agency.gov.vn."),
        ({"mailbox": "c3@hanoiedu,edu.vn"}, "Do you mean c3@hanoiedu.edu.vn?"),
        ({"sender": "a b@hanoiedu.edu.vn"}, "--sender"),
        ({"receiver_mailbox": "x"}, "--receiver-mailbox"),
        ({"receiver_mobile": "912345678"}, "Do you mean 0912345678?"),
        ({"receiver_mobile": "024 3823 1234"}, "no mobile number"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_option(
    desk: Desk, add: Any, changes: dict[str, str], says: str
) -> None:
    assert says in desk.refuses(*add(**changes))
    assert desk.json("agency", "list") == []


def test_leader_and_seal_are_two_certificates(desk: Desk, add: Any, signers: Path) -> None:
    assert "given twice" in desk.refuses(*add(leader=str(signers / "seal.cer")))
    assert desk.json("agency", "list") == []


@pytest.mark.parametrize("option", ["mailbox", "sender"])
def test_a_mailbox_is_one_agency_s(
    desk: Desk, add: Any, signers: Path, tmp_path: Path, option: str
) -> None:
    desk.does(*add(sender="vanthu@hanoiedu.edu.vn"))
    other = {"mailbox": "other@hanoiedu.edu.vn", option: "VanThu@hanoiedu.edu.vn"}
    assert "bot agency show cva" in desk.refuses(*add("other", **other))


def test_a_certificate_signs_for_one_agency_at_a_time(desk: Desk, add: Any) -> None:
    desk.does(*add())
    says = desk.refuses(*add("other", mailbox="other@hanoiedu.edu.vn"))
    assert "bot agency signer cva FILE --capacity leader --until DATE" in says
    assert [one["code"] for one in desk.json("agency", "list")] == ["cva"]


class TestSigner:
    @pytest.fixture
    def signer(self, desk: Desk, add: Any, signers: Path) -> tuple[str, ...]:
        """The words that register the leader's certificate again; it stands as leader."""
        desk.does(*add())
        return "agency", "signer", "cva", str(signers / "leader.pem"), "--capacity"

    def test_an_end_is_set_and_taken_back(self, desk: Desk, signer: tuple[str, ...]) -> None:
        desk.does(*signer, "leader", "--until", "2100-01-01")
        assert desk.register(ends) == [datetime(2099, 12, 31, 17, tzinfo=UTC), None]
        desk.does(*signer, "leader")
        assert desk.register(ends) == [None, None]
        assert "registered so already" in desk.refuses(*signer, "leader")

    def test_a_certificate_signs_in_one_capacity_at_a_time(
        self, desk: Desk, signer: tuple[str, ...]
    ) -> None:
        assert "--capacity leader --until DATE" in desk.refuses(*signer, "clerk")
        desk.does(*signer, "leader", "--until", "2100-01-01")
        assert "as leader" in desk.refuses(*signer, "clerk", "--since", "2099-12-31")
        desk.does(*signer, "clerk", "--since", "2100-01-01")
        assert "as clerk" in desk.refuses(*signer, "leader")
        assert len(desk.register(ends)) == 3

    def test_who_has_ended_can_begin_again(self, desk: Desk, signer: tuple[str, ...]) -> None:
        desk.does(*signer, "leader", "--until", "2100-01-01")
        desk.does(*signer, "leader", "--since", "2100-02-01", "--until", "2100-03-01")
        assert len(desk.register(ends)) == 3

    @pytest.mark.parametrize(
        ("days", "says"),
        [
            (("--until", "2020-01-01"), "end before it begins"),
            (("--since", "2100-01-01"), "leave --since out"),
        ],
    )
    def test_days_that_cannot_be_are_refused(
        self, desk: Desk, signer: tuple[str, ...], days: tuple[str, ...], says: str
    ) -> None:
        assert says in desk.refuses(*signer, "leader", *days)
        assert desk.register(ends) == [None, None]

    def test_an_agency_that_is_not_there(self, desk: Desk, signers: Path) -> None:
        file = str(signers / "leader.pem")
        says = desk.refuses("agency", "signer", "nobody", file, "--capacity", "leader")
        assert "bot agency list" in says


async def ends() -> list[datetime | None]:
    return [one.until async for one in AgencySigner.all().order_by("id")]
