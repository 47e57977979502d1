"""Mail goes to a mail server: a real Postfix, and what Postfix cannot be made to say."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.config import Settings
from bot.errors import Misconfigured
from bot.outbox.submission import FAULTS, SubmissionTransport
from bot.outbox.transport import RecipientRefused, ServerMisconfigured, TransportUnavailable
from bot.sections.servers import Submission
from demo.peers.postfix import BUSY, NOBODY, Postfix
from demo.peers.processes import free_port
from demo.peers.tls import make_server_certificate
from tests.outbox.scripted import HANGS_UP, SAYS_NOTHING, Scripted, scripted
from tests.outbox.servers import arrived, to_postfix, to_script

TO = "c3chuvanan@hanoiedu.vn"
ID = "<notice-7@ca.example.gov.vn>"
RAW = f"From: hoso@ca.example.gov.vn\r\nMessage-ID: {ID}\r\n\r\nKinh gui\r\n".encode()


async def test_the_queue_id_stands_in_the_servers_log(mail_server: Postfix) -> None:
    message_id = "<queued@ca.example.gov.vn>"
    raw = RAW.replace(ID.encode(), message_id.encode())
    reference = await to_postfix(mail_server).deliver(message_id, TO, raw)
    [mail] = await arrived(mail_server, message_id)
    assert f" ESMTPSA id {reference}\r\n".encode() in mail
    assert b"Return-Path: <hoso@ca.example.gov.vn>\r\n" in mail
    assert f"{reference}: message-id={message_id}\n" in mail_server.log.read_text()


async def test_tls_from_the_first_byte(mail_server: Postfix) -> None:
    transport = to_postfix(mail_server, tls="implicit", port=mail_server.submissions)
    assert (await transport.deliver(ID, TO, RAW)).isalnum()


@pytest.mark.parametrize(
    ("recipient", "error"),
    [
        (BUSY, TransportUnavailable),
        (NOBODY, RecipientRefused),
        ("a@no.such.domain", RecipientRefused),
        ("a@b\r\nRCPT TO:<c@d.vn>", RecipientRefused),
        ("hồsơ@hanoiedu.vn", RecipientRefused),
    ],
)
async def test_who_takes_no_mail(
    mail_server: Postfix, recipient: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await to_postfix(mail_server).deliver(ID, recipient, RAW)


async def test_one_who_is_refused_takes_nothing_from_the_others(mail_server: Postfix) -> None:
    transport = to_postfix(mail_server)
    raw = RAW.replace(ID.encode(), b"<others@ca.example.gov.vn>")
    for recipient in (NOBODY, TO, BUSY):
        try:
            await transport.deliver("<others@ca.example.gov.vn>", recipient, raw)
        except (RecipientRefused, TransportUnavailable):
            assert recipient != TO
    [mail] = await arrived(mail_server, "<others@ca.example.gov.vn>")
    assert f"Delivered-To: {TO}\r\n".encode() in mail


NO_LOGIN: dict[str, Any] = {"login": "", "password_file": None}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"password": "wrong"}, "mail.login"),
        ({"ca_file": None}, "mail.certificate"),
        (NO_LOGIN, "mail.sender"),  # Postfix says so of the recipient: relaying is denied
        (NO_LOGIN | {"tls": "none"}, "mail.login"),
        ({"sender": "bot@elsewhere.vn"}, "mail.sender"),
        ({"tls": "implicit"}, "mail.tls"),
    ],
)
async def test_what_is_wrong_with_us_is_for_the_operator(
    mail_server: Postfix, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(ServerMisconfigured) as fault:
        await to_postfix(mail_server, **changes).deliver(ID, TO, RAW)
    assert fault.value.code == code
    assert fault.value.what.startswith("localhost:")


async def test_a_certificate_of_another_name_is_not_trusted(tmp_path: Path) -> None:
    make_server_certificate(tmp_path / "ca", tmp_path / "server", host="mail.example.vn")
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(tmp_path / "server")
    async with scripted({}, theirs) as server:
        tls = {"tls": "implicit", "ca_file": tmp_path / "ca"}
        await to_script(server, **tls).deliver(ID, TO, RAW)  # 127.0.0.1 is in it
        with pytest.raises(ServerMisconfigured) as fault:
            await to_script(server, host="localhost", **tls).deliver(ID, TO, RAW)
    assert fault.value.code == "mail.certificate"


STAGES = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", ".")


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    "reply",
    ["421 4.3.2 Going down", "451 4.3.0 Not now", "nonsense", HANGS_UP, SAYS_NOTHING],
    ids=["421", "451", "nonsense", "hangs up", "says nothing"],
)
async def test_trouble_that_passes_is_tried_again(stage: str, reply: str) -> None:
    async with scripted({stage: reply}) as server:
        with pytest.raises(TransportUnavailable):
            await to_script(server, timeout=0.2).deliver(ID, TO, RAW)
    assert ("." in server.heard) is (stage == ".")  # only then may the server have the message


async def test_a_server_that_drips_replies_ends() -> None:
    endless = "\r\n".join(["250-more"] * 3) + "\r\n250-"
    async with scripted({"EHLO": endless}) as server:
        with pytest.raises(TransportUnavailable):
            await to_script(server, timeout=0.2).deliver(ID, TO, RAW)


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        ({"greeting": "554 5.7.1 Go away"}, "mail.greeting"),
        ({"EHLO": "550 5.7.1 Who?"}, "mail.ehlo"),
        ({"MAIL": "550 5.7.1 Not from you"}, "mail.sender"),
        ({"MAIL": "530 5.7.0 Must issue a STARTTLS command first"}, "mail.login"),
        ({"RCPT": "530 5.7.1 Authentication required"}, "mail.login"),
        ({"RCPT": "550 5.7.54 Unable to relay"}, "mail.sender"),
        ({"RCPT": "553 5.1.8 Sender address rejected"}, "mail.sender"),
        ({"DATA": "530 5.7.0 Authentication required"}, "mail.login"),
    ],
)
async def test_a_refusal_that_all_recipients_would_get(
    replies: Mapping[str, str], code: str
) -> None:
    async with scripted(replies) as server:
        with pytest.raises(ServerMisconfigured) as fault:
            await to_script(server).deliver(ID, TO, RAW)
    assert fault.value.code == code
    assert server.heard[-1:] in (["QUIT"], [])


@pytest.mark.parametrize(
    "replies",
    [
        {"RCPT": "550 No such user"},
        {"RCPT": "552 5.2.2 Mailbox full"},
        {"RCPT": "501 5.1.3 Bad recipient address syntax"},
        {"DATA": "554 5.5.1 No valid recipients"},
        {".": "552 5.3.4 Message too big"},
        {".": "554 5.7.1 Looks like spam"},
    ],
    ids=lambda replies: next(iter(replies.values())),
)
async def test_a_refusal_of_this_recipient_or_message(replies: Mapping[str, str]) -> None:
    async with scripted(replies) as server:
        with pytest.raises(RecipientRefused):
            await to_script(server).deliver(ID, TO, RAW)
    assert server.heard[-1] == "QUIT"


async def test_no_starttls_is_no_mail() -> None:
    async with scripted({}) as server:
        with pytest.raises(ServerMisconfigured) as fault:
            await to_script(server, tls="starttls").deliver(ID, TO, RAW)
    assert fault.value.code == "mail.starttls"
    assert server.heard == ["EHLO " + server.heard[0][5:], "QUIT"]


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        ("454 4.7.0 TLS not available", TransportUnavailable, "mail.unavailable"),
        ("502 5.5.1 Not today", ServerMisconfigured, "mail.starttls"),
        (HANGS_UP, TransportUnavailable, "mail.unavailable"),
    ],
)
async def test_starttls_offered_and_not_given(
    reply: str, error: type[Exception], code: str
) -> None:
    async with scripted({"EHLO": "250-x\r\n250 STARTTLS", "STARTTLS": reply}) as server:
        with pytest.raises(error) as trouble:
            await to_script(server, tls="starttls").deliver(ID, TO, RAW)
    assert getattr(trouble.value, "code", "") == code


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        ({"AUTH": "454 4.7.0 Temporary authentication failure"}, "mail.unavailable"),
        ({"AUTH": "535 5.7.8 Wrong"}, "mail.login"),
        ({"AUTH": "534 5.7.9 Too weak"}, "mail.login"),
        ({"EHLO": "250 no login here"}, "mail.login"),
        ({"EHLO": "250-x\r\n250 AUTH CRAM-MD5"}, "mail.login"),
    ],
)
async def test_a_login_that_fails(
    replies: Mapping[str, str], code: str, mail_server: Postfix
) -> None:
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(mail_server.folder / "server.pem")
    login = {"login": "bot", "password_file": "in.no.file"}
    async with scripted(replies, theirs) as server:
        transport = to_script(server, tls="implicit", ca_file=mail_server.ca_file, **login)
        with pytest.raises((TransportUnavailable, ServerMisconfigured)) as trouble:
            await transport.deliver(ID, TO, RAW)
    assert getattr(trouble.value, "code", "") == code
    assert sum(line.startswith("AUTH") for line in server.heard) <= 1  # servers count them


async def test_a_login_in_two_steps(mail_server: Postfix) -> None:
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(mail_server.folder / "server.pem")
    script = {"EHLO": "250-x\r\n250 AUTH LOGIN", "AUTH": "334 UGFzc3dvcmQ6", "eA==": "235 2.7.0 Ok"}
    login = {"login": "bot", "password_file": "in.no.file"}
    async with scripted(script, theirs) as server:
        transport = to_script(server, tls="implicit", ca_file=mail_server.ca_file, **login)
        await transport.deliver(ID, TO, RAW)
    assert server.heard[1:3] == ["AUTH LOGIN Ym90", "eA=="]


@pytest.mark.parametrize(
    ("reply", "reference"),
    [
        ("250 2.0.0 Ok: queued as 4XyZ0123abc", "4XyZ0123abc"),
        ("250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 8F3", "8F3"),
        ("250 OK id=1rAbCd-000123-Ef", "OK id=1rAbCd-000123-Ef"),
        ("250-2.0.0 two\r\n250 2.0.0 lines\x07 \xe9", "2.0.0 two 2.0.0 lines "),
        ("250 " + "x" * 1000, "x" * 128),
        ("250", ""),
    ],
)
async def test_what_the_server_calls_a_message(reply: str, reference: str) -> None:
    async with scripted({".": reply}) as server:
        assert await to_script(server).deliver(ID, TO, RAW) == reference


@pytest.mark.parametrize("quit_reply", [HANGS_UP, "421 4.3.2 Going down", "500 What?"])
async def test_what_comes_after_the_message_was_taken_changes_nothing(quit_reply: str) -> None:
    async with scripted({"QUIT": quit_reply}) as server:
        assert await to_script(server).deliver(ID, TO, RAW) == "2.0.0 Ok"
    assert server.heard[-1] == "QUIT"


async def test_the_envelope_and_our_name() -> None:
    async with scripted({}) as server:
        await to_script(server, ehlo="bot.ca.example.gov.vn").deliver(ID, TO, RAW)
    assert server.heard == [
        "EHLO bot.ca.example.gov.vn",
        "MAIL FROM:<hoso@ca.example.gov.vn>",
        f"RCPT TO:<{TO}>",
        "DATA",
        ".",
        "QUIT",
    ]


async def test_lines_end_in_crlf_and_begin_with_no_dot_of_their_own() -> None:
    async with scripted({}) as server:
        await to_script(server).deliver(ID, TO, b"Subject: x\n\n.\r\nlast")
    assert server.data == b"Subject: x\r\n\r\n..\r\nlast\r\n.\r\n"


async def test_nobody_listens() -> None:
    nobody = Scripted({}, port=free_port())
    with pytest.raises(TransportUnavailable):
        await to_script(nobody).deliver(ID, TO, RAW)
    with pytest.raises(TransportUnavailable):
        await to_script(nobody, host="no.such.host.invalid").deliver(ID, TO, RAW)


def test_every_fault_says_what_to_do() -> None:
    for what, remedy in FAULTS.values():
        assert remedy.endswith(".")
        assert not what.endswith(".")


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_file_without_certificates_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    settings = Settings(home=tmp_path, submission=Submission(host="a.vn", ca_file=Path("ca.pem")))
    with pytest.raises(Misconfigured, match=r"submission\.ca_file: .*ca\.pem"):
        SubmissionTransport(settings)
