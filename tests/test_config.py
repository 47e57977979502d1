"""Settings: what is wrong is named, and what cannot work is refused at the start."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.config import Settings
from bot.errors import Misconfigured

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """`Settings.load` of a `bot.toml` and variables."""

    def load(toml: str = "", **variables: str) -> Settings:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "bot.toml").write_text(toml)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return Settings.load()

    return load


def test_a_variable_wins_over_the_file(load: Load) -> None:
    settings = load("[door]\nport = 1\nhost = '::1'", BOT_DOOR__PORT="2")
    assert (settings.door.port, settings.door.host) == (2, "::1")


def test_a_list_is_json(load: Load) -> None:
    settings = load(BOT_MAILBOXES__OFFICIAL='["A@ca.gov.vn", "b@ca.gov.vn"]')
    assert settings.mailboxes.official == ("a@ca.gov.vn", "b@ca.gov.vn")


@pytest.mark.parametrize(
    ("toml", "named"),
    [
        ("[issuing]\ncrl_hours = 6", "issuing.crl_every_hours"),
        ("[issuing]\ncrl_hours = 0", "issuing.crl_hours"),
        ("[issuing]\ncrl_hours = nan", "issuing.crl_hours"),
        ("[issuing]\ncrl_hours = 2\ncrl_every_hours = 3", "issuing.crl_every_hours"),
        ("[issuing]\nissuer_name = ''", "issuing.issuer_name"),
        ("[mailboxes]\nofficial = []", "mailboxes.official"),
        ("[mailboxes]\nofficial = ['hoso']", "mailboxes.official"),
        ("[mailboxes]\nsender = 'Bot <hoso@ca.gov.vn>'", "mailboxes.sender"),
        ("[mailboxes]\nsender = 'hồsơ@ca.gov.vn'", "mailboxes.sender"),
        ("[mailboxes]\nsender = 'hoso@hồsơ.vn'", "mailboxes.sender"),
        ("[sandbox]\nseconds = -1", "sandbox.seconds"),
        ("[submission]\nhost = 'a b'", "submission.host"),
        ("[submission]\nlogin = 'bot'", "submission.password_file"),
        ("[submission]\npassword_file = 'p'", "submission.password_file"),
        ("[submission]\ntls = 'none'\nlogin = 'bot'\npassword_file = 'p'", "submission.login"),
        ("[trust]\nfetch_limit = 0", "trust.fetch_limit"),
        ("[door]\nsize_limit = 0", "door.size_limit"),
        ("[door]\nsize_limit = 200_000_000", "door.memory"),
        ("[door]\nprotocol = 'esmtp'", "door.protocol"),
        ("[door]\ncertificate = 'door.pem'", "door.key"),
        ("[door]\nkey = 'door.key'", "door.key"),
        ("[door]\nrequire_tls = true", "door.require_tls"),
        ("[web]\nbase_url = 'pki.gov.vn'", "web.base_url"),
        ("[issuing]\nresponder_days = 1\ncrl_every_hours = 8", "issuing.responder_days"),
        ("[rules]\nfreshness_days = 0", "rules.freshness_days"),
        ("[rules.wording.'mail.zip']\ntext = '{name}'", "rules.wording.mail.zip.text"),
        ("[rules.wording.'mail.zip']\ntext = '{'", "Only {certificate} and {detail}"),
        ("[rules.wording.'mail.zip']\nsource = 'x'", "rules.wording.mail.zip.source"),
        ("[sms]\naccents = true", "sms.parts must be 3"),
        ("[sms]\nparts = 0", "sms.parts"),
        ("[sms]\ninbound = 'polling'", "sms.inbound needs"),
        ("[sms.callbacks]\nbase_url = 'https://sms.gov.vn'", "sms.callbacks needs"),
        ("[sms.callbacks]\nbase_url = 'http://sms.gov.vn'", "sms.callbacks.base_url"),
        ("[sms.callbacks]\nbase_url = 'https://sms.gov.vn/'", "sms.callbacks.base_url"),
        ("[dor]\nport = 1", "dor in bot.toml is no setting"),
        ("[door]\nprt = 1", "Do you mean door.port?"),
        ("[door", "bot.toml is not TOML"),
    ],
)
def test_what_cannot_work_is_named(load: Load, toml: str, named: str) -> None:
    with pytest.raises(Misconfigured) as wrong:
        load(toml)
    assert named in str(wrong.value)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("BOT_MAILBOXES__OFFICIAL", "abc", "BOT_MAILBOXES__OFFICIAL is no list"),
        ("BOT_RULES__WORDING", "abc", "BOT_RULES__WORDING is no table"),
        ("BOT_MAILBOXES__OFFICIAL", "{}", "Mend it in bot.toml or in BOT_MAILBOXES__OFFICIAL."),
        ("BOT_MAILBOXES__OFFICIAL", '["abc"]', "or in BOT_MAILBOXES__OFFICIAL."),
        ("BOT_DOOR__PORT", "70000", "Setting door.port"),
        ("BOT_DOOR_PORT", "2626", "Do you mean BOT_DOOR__PORT?"),
        ("BOT_DOOR", '{"port": 2626}', "BOT_DOOR is no setting"),
        ("BOT_HOME__X", "var", "BOT_HOME__X is no setting"),
        ("bot_hme", "var", "Do you mean BOT_HOME?"),
    ],
)
def test_what_is_wrong_with_a_variable_is_named(
    load: Load, name: str, value: str, says: str
) -> None:
    with pytest.raises(Misconfigured) as wrong:
        load(**{name: value})
    assert says in str(wrong.value)


TWILIO = f"""
[sms]
carrier = "twilio"
[sms.twilio]
account = "AC{"0" * 32}"
sender = "TTCTDT"
auth_token_file = "token"
"""
KEY = f"api_key = 'SK{'0' * 32}'\napi_key_file = 'secret'"
CALLED = "[sms.callbacks]\nbase_url = 'https://sms.gov.vn'"


@pytest.mark.parametrize(
    ("written", "instead", "named"),
    [
        ("account", "number = '+84281234567'\n#", "sms.twilio.account is missing"),
        ("account", "address = 'http://api.twilio.com'\naccount", "sms.twilio.address"),
        ("auth_token_file", "#", "sms.twilio.auth_token_file or api_key is missing"),
        ("auth_token_file", f"api_key = 'SK{'0' * 32}'\n#", "sms.twilio.api_key_file"),
        ("sender", "#", "sms.twilio.messaging_service or"),
        ("sender", f"messaging_service = 'MG{'0' * 32}'\nsender", "not both"),
        ("TTCTDT", "Trung tâm", "sms.twilio.sender"),
        ("[sms]", "[sms]\ninbound = 'polling'", "sms.inbound needs sms.twilio.number"),
        ("[sms]", "[sms]\ninbound = 'callback'", "sms.callbacks.base_url is missing"),
        ('auth_token_file = "token"', f"{KEY}\n{CALLED}", "needs sms.twilio.auth_token_file"),
    ],
)
def test_what_a_carrier_needs_is_named(load: Load, written: str, instead: str, named: str) -> None:
    assert load(TWILIO).sms.carrier == "twilio"
    assert written in TWILIO
    with pytest.raises(Misconfigured) as wrong:
        load(TWILIO.replace(written, instead))
    assert named in str(wrong.value)


def test_a_folder_is_no_settings_file(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="is no file"):
        Settings.load(tmp_path)
