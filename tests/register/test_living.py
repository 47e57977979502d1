"""Moves: each from where it starts and from nowhere else, once, with its event."""

import asyncio
from datetime import datetime
from enum import StrEnum

import pytest
from tortoise.transactions import in_transaction

from bot.register import audit
from bot.register.audit import Event
from bot.register.lifecycle import LIVES, AccountMove, DossierMove, ItemMove, MailMove, Move
from bot.register.living import Living, StaleState
from bot.register.models import Account, Certificate, Dossier, Item, Mail, Notice, Proposal
from tests.register import rows

pytestmark = pytest.mark.usefixtures("register")

MODELS: list[type[Living]] = [Mail, Dossier, Item, Certificate, Account, Notice, Proposal]


def statuses(model: type[Living]) -> type[StrEnum]:
    kind: type[StrEnum] = model._meta.fields_map["status"].enum_type  # type: ignore[attr-defined]  # Tortoise's own
    return kind


async def place(row: Living, status: StrEnum) -> None:
    """Put `row` at `status`, behind the back of `make`."""
    await type(row).filter(id=row.id).update(status=status)
    await row.refresh_from_db()


async def standing(row: Living) -> object:
    return await type(row).filter(id=row.id).values()


def test_every_life_has_its_model() -> None:
    assert {statuses(model) for model in MODELS} == set(LIVES)


@pytest.mark.parametrize("model", MODELS)
async def test_a_move_starts_where_it_says_and_nowhere_else(
    model: type[Living], now: datetime
) -> None:
    row = await rows.of(model)
    for status in statuses(model):
        for move in LIVES[statuses(model)]:
            await place(row, status)
            before, events = await standing(row), await Event.all().count()
            if status in move.sources:
                await row.make(move, because="test", now=now)
                assert row.status is move.target
                assert (await model.get(id=row.id)).status is move.target
                assert await Event.all().count() == events + 1
            else:
                with pytest.raises(StaleState):
                    await row.make(move, because="test", now=now)
                assert row.status is status
                assert await standing(row) == before
                assert await Event.all().count() == events


async def test_rows_of_one_chain_move_together_or_not_at_all(now: datetime) -> None:
    dossier = await rows.a_dossier()
    items = [await rows.an_item(dossier=dossier, position=at) for at in (1, 2, 3)]
    await Item.make_all(items, ItemMove.ACCEPT, because="test", now=now)
    assert {item.status for item in await Item.all()} == {ItemMove.ACCEPT.target}
    events = await Event.filter(chain=await dossier.chain()).order_by("sequence")
    assert [(event.code, event.subject) for event in events] == [
        ("item.accept", item.id) for item in items
    ]
    assert [link async for link in audit.broken(await dossier.chain())] == []
    await items[1].make(ItemMove.WITHDRAW, because="test", now=now)
    before = await Item.all().values()
    with pytest.raises(StaleState):
        await Item.make_all(items, ItemMove.FINISH, because="test", now=now)
    assert await Item.all().values() == before
    assert await Event.all().count() == 4


@pytest.mark.parametrize("model", MODELS)
async def test_a_move_of_another_life_is_none(model: type[Living], now: datetime) -> None:
    row = await rows.of(model)
    for status in statuses(model):
        for moves in (life for kind, life in LIVES.items() if kind is not statuses(model)):
            for move in moves:
                await place(row, status)
                before = await standing(row)
                with pytest.raises(ValueError, match="no move of"):
                    await row.make(move, because="test", now=now)
                assert await standing(row) == before
    assert await Event.all().count() == 0


@pytest.mark.parametrize(
    ("model", "moves"),
    [
        (Dossier, (DossierMove.ACCEPT, DossierMove.RETURN)),
        (Item, (ItemMove.ACCEPT, ItemMove.ACCEPT)),
        (Mail, (MailMove.IGNORE, MailMove.HOLD)),
        (Account, (AccountMove.ACTIVATE, AccountMove.LOCK)),
    ],
)
async def test_of_two_hands_at_once_one_wins(
    model: type[Living], moves: tuple[Move, Move], now: datetime
) -> None:
    row = await rows.of(model)
    hands = [await model.get(id=row.id) for _ in moves]
    ends = await asyncio.gather(
        *(
            hand.make(move, because="test", now=now)
            for hand, move in zip(hands, moves, strict=True)
        ),
        return_exceptions=True,
    )
    assert sorted(type(end).__name__ for end in ends) == ["NoneType", "StaleState"]
    assert await Event.all().count() == 1
    won = moves[0] if ends[0] is None else moves[1]
    assert (await model.get(id=row.id)).status is won.target


async def test_the_event_names_row_move_and_reason(now: datetime) -> None:
    item = await rows.an_item()
    await item.make(ItemMove.HOLD, because="title.excluded", now=now)
    event = await Event.get()
    assert (event.chain, event.code, event.subject, event.because, event.at) == (
        f"dossier:{item.dossier_id}", "item.hold", item.id, "title.excluded", now,
    )  # fmt: skip


async def test_the_columns_that_go_with_a_move_go_with_it_or_stay(now: datetime) -> None:
    dossier = await rows.a_dossier()
    late = await Dossier.get(id=dossier.id)
    await dossier.make(DossierMove.ACCEPT, because="test", now=now, letter_key="1/2026/05")
    assert dossier.letter_key == (await Dossier.get(id=dossier.id)).letter_key == "1/2026/05"
    with pytest.raises(StaleState):
        await late.make(DossierMove.RETURN, because="test", now=now, letter_key=None)
    assert (await Dossier.get(id=dossier.id)).letter_key == "1/2026/05"


async def test_without_its_event_there_is_no_move(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise ConnectionError

    mail = await rows.a_mail()
    before = await standing(mail)
    monkeypatch.setattr(audit, "append", fails)
    with pytest.raises(ConnectionError):
        await mail.make(MailMove.IGNORE, because="test", now=now)
    assert await standing(mail) == before


async def test_a_callers_transaction_takes_move_and_event_back(now: datetime) -> None:
    mail, dossier = await rows.a_mail(), await rows.a_dossier()
    before = await standing(mail), await standing(dossier)

    async def undone() -> None:
        async with in_transaction():
            await mail.make(MailMove.IDENTIFY, because="test", now=now)
            await dossier.make(DossierMove.COMPLETE, because="test", now=now)  # not yet accepted

    with pytest.raises(StaleState):
        await undone()
    assert (await standing(mail), await standing(dossier)) == before
    assert await Event.all().count() == 0


async def test_a_row_that_is_gone_cannot_move(now: datetime) -> None:
    mail = await rows.a_mail()
    await Mail.filter(id=mail.id).delete()
    with pytest.raises(StaleState):
        await mail.make(MailMove.IGNORE, because="test", now=now)
    assert await Event.all().count() == 0
