"""`bot rules`: the document, one rule, and both for scripts."""

from pathlib import Path

from typer.testing import CliRunner

from bot.cli import cli
from bot.config import Settings
from bot.dossier.rulebook import rulebook
from tests.cli.command import Desk


def test_the_document_is_printed_without_a_house(tmp_path: Path) -> None:
    assert Desk(tmp_path).does("rules") == rulebook(Settings())


def test_the_settings_in_force_are_filled_in(tmp_path: Path) -> None:
    file = tmp_path / "bot.toml"
    file.write_text('[rules]\nfreshness_days = 7\n[rules.wording."mail.zip"]\ntext = "Tệp nén."\n')
    done = CliRunner().invoke(cli, ["--config", str(file), "rules"])
    assert "| `rules.freshness_days` | 7 |" in done.stdout
    assert "| Tệp nén. |" in done.stdout


def test_scripts_get_every_rule_and_setting(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    everything = desk.json("rules")
    assert everything["settings"]["rules.freshness_days"] == 30
    about = {one["about"] for one in everything["rules"] if one["code"] == "row.serial.empty"}
    assert about == {"form 04", "form 05"}
    (one,) = desk.json("rules", "mail.zip")
    assert one in everything["rules"]
    assert (one["consequence"], one["on_revocation"]) == ("return", "note")


def test_one_rule_is_said_for_each_form_that_has_it(tmp_path: Path) -> None:
    said = Desk(tmp_path).does("rules", "row.serial.empty")
    assert [form in said for form in ("form 01", "form 04", "form 05")] == [False, True, True]


def test_a_rule_that_there_is_not(tmp_path: Path) -> None:
    assert "`bot rules` prints them all" in Desk(tmp_path).refuses("rules", "row.nothing")
