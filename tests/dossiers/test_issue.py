"""A dossier's whole way, from the door to the last notice, in one running bot."""

from bot.register.lifecycle import CertificateStatus, DossierStatus, ItemStatus, NoticeStatus
from bot.register.models import Account, Certificate, Dossier, Item, Notice
from demo.school import MAILBOX, TEACHERS
from tests.house import House, text_of


async def test_good_rows_go_on_and_a_faulty_one_comes_back(house: House) -> None:
    await house.send(house.letter(*TEACHERS))
    await house.quiet()
    dossier = await Dossier.get()
    assert dossier.status is DossierStatus.COMPLETED
    assert dossier.receiver_mobile == "+84912345678"
    statuses = [item.status for item in await Item.all().order_by("position")]
    assert statuses == [ItemStatus.DONE, ItemStatus.RETURNED, ItemStatus.DONE]
    assert await Certificate.filter(status=CertificateStatus.VALID).count() == 2
    assert await Account.all().count() == 2
    assert not await Notice.exclude(status=NoticeStatus.SENT).exists()
    receipt, returned, result = map(text_of, house.mails(MAILBOX))
    assert dossier.number in receipt
    assert "tdthang@hanoiedu.edu,vn" in returned
    assert "05/THPTCVA-VP" in result
    assert len(house.messages()) == 3
