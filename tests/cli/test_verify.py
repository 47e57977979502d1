"""`bot verify`: its JSON and exit codes are a contract; it needs no home and survives any file."""

import asyncio
import json
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from bot import logs
from bot.cli import asked, cli, main
from bot.cli.asked import moment_of, sort_out
from bot.sections import servers
from bot.signatures.verify import Verification
from demo import paper, smime
from demo.foreign import ForeignPki, Service, Signer
from tests.signatures import hostile
from tests.signatures.builders import a_filled_form, a_form, a_mail, crls_of
from tests.warm import KeptWarm

SENDER = "vanthu@thptcva.edu.vn"  # From in `a_mail`


@dataclass(frozen=True)
class Desk:
    """A folder without `bot.toml`, with files to verify and what to verify them by."""

    folder: Path
    pki: ForeignPki
    clerk: Signer

    def put(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return name

    def sealed_mail(self) -> str:
        mail = EmailMessage()
        mail["From"] = f"Văn thư <{SENDER}>"
        mail["Subject"] = "Hồ sơ"
        mail.set_content("Kính gửi …", cte="base64")
        return self.put("mail.eml", smime.sealed(mail, self.clerk))

    def letter(self) -> str:
        return self.put("letter.pdf", paper.sign(a_filled_form(), self.clerk, "leader"))


@pytest.fixture(scope="module")
def clerk(pki: ForeignPki) -> Signer:
    key = ec.generate_private_key(ec.SECP256R1())
    return pki.signer("Văn thư", key=key, mailboxes=[SENDER])


@pytest.fixture
def desk(pki: ForeignPki, clerk: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(verify_module(), "Sandbox", KeptWarm)
    desk = Desk(tmp_path, pki, clerk)
    desk.put("root.pem", pki.root.certificate.public_bytes(Encoding.PEM))
    desk.put("issuer.cer", pki.issuer.der)
    for name, crl in zip(("root.crl", "issuer.crl"), crls_of(pki), strict=True):
        desk.put(name, crl)
    return desk


TRUST = ("--trust", "root.pem", "issuer.cer")
CRLS = ("--crl", "root.crl", "issuer.crl")


def verified(*words: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    done = CliRunner().invoke(cli, ["verify", *words], catch_exceptions=False)
    return done.exit_code, done.stdout, done.stderr


def judged(*words: str) -> tuple[int, Any]:
    """Exit code and JSON, of the same shape whatever comes."""
    code, said, _ = verified(*words, "--json")
    report = json.loads(said)
    assert report.keys() == an_empty_report("").keys()
    return code, report


# Files that can be judged


def test_a_mail_that_its_sender_has_signed_passes_with_what_is_fetched(desk: Desk) -> None:
    before = desk.pki.hits["/ocsp"]
    code, report = judged(*TRUST, desk.sealed_mail())
    assert (code, report["verdict"], report["reasons"]) == (0, "TOTAL-PASSED", [])
    (signature,) = report["signatures"]
    assert (signature["covers"], signature["verdict"]) == ("mail", "TOTAL-PASSED")
    assert signature["signer"].startswith("CN=Văn thư,")
    assert datetime.fromisoformat(signature["signing_time"]).tzinfo
    assert report["automatic"] is False
    assert desk.pki.hits["/ocsp"] == before + 1


def test_a_mail_that_an_editor_has_saved(desk: Desk) -> None:
    saved = desk.folder / desk.sealed_mail()
    saved.write_bytes(b"\xef\xbb\xbf" + saved.read_bytes().replace(b"\r\n", b"\n"))
    code, report = judged("--offline", *CRLS, *TRUST, saved.name)
    assert (code, report["reasons"]) == (0, [])


def test_a_pdf_by_crls_at_hand(desk: Desk) -> None:
    before = desk.pki.hits.copy()
    code, report = judged("--offline", *CRLS, *TRUST, desk.letter())
    assert (code, report["verdict"]) == (0, "TOTAL-PASSED")
    (file,) = report["files"]
    assert (file["name"], file["kind"], file["covered"], file["faults"]) == (
        *("letter.pdf", "pdf"),
        *(True, []),
    )
    assert desk.pki.hits == before


def test_offline_without_crls_it_is_neither_good_nor_bad(desk: Desk) -> None:
    code, report = judged("--offline", *TRUST, desk.letter())
    assert (code, report["sub_indication"]) == (2, "TRY_LATER")
    assert report["reasons"] == ["revocation.unavailable"]


def test_what_was_not_checked_is_said(desk: Desk) -> None:
    code, said, _ = verified("--no-revocation", *TRUST, desk.letter(), "--lang", "en")
    assert code == 0
    assert "was NOT checked" in said
    assert "TOTAL-PASSED" in said


@pytest.mark.parametrize(
    ("at", "sub_indication"),
    [(timedelta(days=-500), "OUT_OF_BOUNDS_NO_POE"), (timedelta(hours=2), "TRY_LATER")],
)
def test_judged_as_of_then(desk: Desk, at: timedelta, sub_indication: str) -> None:
    moment = (datetime.now(UTC) + at).isoformat()
    code, report = judged("--offline", *CRLS, *TRUST, desk.letter(), "--at", moment)
    assert (code, report["sub_indication"]) == (2, sub_indication)


def test_bytes_that_were_changed_fail(desk: Desk) -> None:
    letter = paper.sign(a_filled_form(), desk.clerk, "leader")
    changed = desk.put("letter.pdf", letter.replace(b"/Helv 10", b"/Helv 99", 1))
    code, report = judged("--offline", *CRLS, *TRUST, changed)
    assert (code, report["verdict"], report["sub_indication"]) == (
        *(1, "TOTAL-FAILED", "HASH_FAILURE"),
    )


def test_an_unsigned_form_without_any_trust(desk: Desk) -> None:
    code, said, _ = verified(desk.put("Mẫu.pdf", a_form()), "--lang", "vi")
    assert code == 2
    assert "CHƯA XÁC ĐỊNH" in said
    assert "Không có chữ ký số nào." in said
    assert "Chưa có chứng thư gốc nào được tin cậy" in said


def test_a_responder_that_hangs_is_not_waited_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_module(), "FETCH_SECONDS", 0.2)
    with ForeignPki() as pki:
        pki.ocsp_service = pki.crl_service = Service.HANGING
        signer = pki.signer("A", key=desk.clerk.key)
        desk.put("root.pem", pki.root.certificate.public_bytes(Encoding.PEM))
        desk.put("issuer.cer", pki.issuer.der)
        letter = desk.put("letter.pdf", paper.sign(a_filled_form(), signer, "leader"))
        code, report = judged(*TRUST, letter)
    assert (code, report["sub_indication"]) == (2, "TRY_LATER")


def test_a_bomb_ends_in_time_and_is_neither_good_nor_bad(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_module(), "LIMITS", servers.Sandbox(seconds=1))
    bomb = desk.put("mail.eml", a_mail(hostile.heavy(2_000_000)))
    code, report = judged(*TRUST, bomb)
    assert (code, report["reasons"]) == (2, ["sandbox.time"])


def test_one_deadline_over_all(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_module(), "SECONDS", 0.0)
    for file in (desk.put("a.pdf", a_form()), desk.put("a.eml", a_mail())):
        code, report = judged(*TRUST, file)
        assert (code, report["reasons"]) == (2, ["sandbox.time"])


def test_a_fault_of_ours_is_no_verdict(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object) -> None:
        raise ZeroDivisionError("Nguyễn Thị Ánh")

    monkeypatch.setattr(Verification, "of", fails)
    code, said, told = verified(*TRUST, desk.put("a.pdf", a_form()), "--json")
    assert (code, json.loads(said)["reasons"]) == (2, ["bot.fault"])
    assert "crash.ZeroDivisionError" in told
    assert "Nguyễn" not in told


def test_a_resolver_that_hangs_does_not_hold_up_the_end() -> None:
    never = threading.Event()

    async def asks() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(verify_module().Unattended())
        assert await asyncio.to_thread(int, "7") == 7
        with pytest.raises(ValueError, match="x"):
            await asyncio.to_thread(int, "x")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(never.wait), 0.01)

    asyncio.run(asks())
    never.set()


def verify_module() -> Any:
    return sys.modules["bot.cli.verify"]


# Files that cannot be read


def a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "a")


def a_file(data: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / "a").write_bytes(data)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: None, "file.missing"),
        (lambda folder: (folder / "a").mkdir(), "file.unreadable"),
        (lambda folder: (folder / "a").symlink_to("a"), "file.unreadable"),
        (a_pipe, "file.unreadable"),
        (a_file(b""), "file.empty"),
        (a_file(b"\n\nFrom: a@gov.vn\n"), "file.unknown"),
        (a_file(b"Dear Sir: hello\nFrom: a@gov.vn\n"), "file.unknown"),
        (a_file(b"X-Kind: none\n\nbody"), "file.unknown"),
        (a_file(b"\xff\xd8\xff\xe0\0\x10JFIF"), "file.unknown"),
        (a_file(b"From: a@gov.vn\n" * 9), "file.too_large"),
    ],
)
def test_what_cannot_be_read_ends_with_3_and_a_remedy(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], object], reason: str
) -> None:
    make(desk.folder)
    monkeypatch.setattr(asked, "SIZE_LIMIT", 99)
    code, said, told = verified("a", "--json")
    assert (code, json.loads(said)) == (3, an_empty_report(reason))
    what, remedy, *_ = told.split("\n")
    assert what.startswith("a: ")
    assert remedy


def test_a_mail_that_speaks_of_a_pdf_is_a_mail(desk: Desk) -> None:
    (desk.folder / "a").write_bytes(b"From: a@gov.vn\nSubject: What is %PDF-1.7?\n\nA format.\n")
    code, said, _ = verified("a", "--json")
    assert (code, json.loads(said)["reasons"]) == (2, ["signature.none", "trust.empty"])


def an_empty_report(reason: str) -> dict[str, Any]:
    return {
        "verdict": "INDETERMINATE",
        "sub_indication": "GENERIC",
        "reasons": [reason],
        "signatures": [],
        "files": [],
        "automatic": False,
        "revocation_checked": True,
    }


# What was asked


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("letter.pdf", "root.pem"),
        ("letter.pdf", "letter.pdf"),
        ("--trust", "letter.pdf", "letter.pdf"),
        ("--trust", "absent.pem", "letter.pdf"),
        ("--crl", "root.pem", "letter.pdf"),
        ("--at", "yesterday", "letter.pdf"),
        ("--at", "0001-01-01", "letter.pdf"),
        ("--lang", "fr", "letter.pdf"),
        ("--nothing", "letter.pdf"),
    ],
)
def test_wrong_usage_ends_with_64(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
) -> None:
    desk.put("letter.pdf", a_form())
    assert ended(monkeypatch, "verify", *words) == 64
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err


def test_a_wrong_setting_is_no_verdict(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.put("bot.toml", b"nothing = 1")
    assert ended(monkeypatch, "verify", desk.put("letter.pdf", a_form())) == 64


def ended(monkeypatch: pytest.MonkeyPatch, *words: str) -> object:
    """The exit code of the whole command line."""
    monkeypatch.setattr(sys, "argv", ["bot", *words])
    monkeypatch.setattr(os, "umask", lambda _: 0)
    monkeypatch.setattr(logs, "configure", lambda: None)
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


@pytest.mark.parametrize(
    "paths",
    [
        ["issuer.cer", "mail.eml"],
        ["mail.eml", "issuer.cer"],
        ["issuer.cer", "absent.eml"],
        ["issuer.cer", "junk"],
        ["junk", "issuer.cer"],
    ],
)
def test_several_values_behind_one_option(desk: Desk, paths: list[str]) -> None:
    desk.put("mail.eml", a_mail())
    desk.put("junk", b"junk")
    found = sort_out([Path(path) for path in paths], [Path("root.pem")], [])
    assert found.file.name in {"mail.eml", "absent.eml", "junk"}
    assert found.crl is None
    assert found.trust
    assert set(found.trust.certificates) == {
        desk.pki.root.certificate,
        desk.pki.issuer.certificate,
    }


def test_certificates_and_crls_are_told_apart_wherever_they_stand(desk: Desk) -> None:
    paths = ["root.crl", "mail.eml", "issuer.cer"]
    desk.put("mail.eml", a_mail())
    found = sort_out([*map(Path, paths)], [Path("root.pem")], [Path("issuer.crl")])
    assert found.trust
    assert found.crl
    assert (len(found.trust.certificates), len(found.crl.crls)) == (2, 2)


def test_what_nobody_among_them_has_issued_is_an_anchor(desk: Desk) -> None:
    whole = sort_out([Path("a")], [Path("root.pem"), Path("issuer.cer")], []).trust
    part = sort_out([Path("a")], [Path("issuer.cer")], []).trust
    assert whole
    assert part
    assert whole.trust_store().roots == (desk.pki.root.certificate,)
    assert whole.trust_store().intermediates == (desk.pki.issuer.certificate,)
    assert part.trust_store().roots == (desk.pki.issuer.certificate,)


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("2026-11-20", datetime(2026, 11, 19, 17, tzinfo=UTC)),
        ("2026-11-20T09:00", datetime(2026, 11, 20, 2, tzinfo=UTC)),
        ("2026-11-20T09:00Z", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("2026-11-20T09:00+01:00", datetime(2026, 11, 20, 8, tzinfo=UTC)),
    ],
)
def test_times_are_vietnams_unless_they_say_otherwise(typed: str, means: datetime) -> None:
    assert moment_of(typed) == means
