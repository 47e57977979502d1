import subprocess
from datetime import timedelta
from io import BytesIO

import pikepdf

from bot.accounts.account import Minted
from bot.accounts.slip import slip
from bot.config import Settings, template_folder
from bot.outbox.render import Renderer
from bot.sections.authority import Authority
from tests.outbox.examples import NOW, a_credential

LONG = "Nguyễn Hoàng Phương " * 3


def test_long_names_stay_on_one_page() -> None:
    settings = Settings(
        authority=Authority(
            name="Cục Chứng thực số và Bảo mật thông tin chuyên dùng công vụ", parent=LONG
        )
    )
    made = slip(
        a_credential(full_name=LONG, login=f"{'nguyenhoangphuong' * 2}@thcs.hanoiedu.vn"),
        Minted(1, 12, NOW + timedelta(days=14)),
        "7K3M9QX2WD4RABCD",
        passcode=None,
        renderer=Renderer(settings, template_folder()),
    )
    with pikepdf.open(BytesIO(made)) as document:
        assert len(document.pages) == 1


def test_markup_in_a_name_is_shown_not_obeyed() -> None:
    made = slip(
        a_credential(full_name='<img src="file:///etc/hostname">'),
        Minted(1, 1, NOW),
        "7K3M9QX2WD4RABCD",
        passcode=None,
        renderer=Renderer(Settings(), template_folder()),
    )
    shown = subprocess.run(["pdftotext", "-", "-"], input=made, capture_output=True, check=True)
    assert b'<img src="file:///etc/hostname">' in shown.stdout
