"""The settings that a command goes by."""

import typer

from bot.config import Settings


def chosen(context: typer.Context) -> Settings:
    """What stands in the file, with `--config` and `--home` of the command line.

    Raises:
        Misconfigured: a setting is wrong.
    """
    words = context.find_root().params
    settings = Settings.load(words["config"])
    return settings.model_copy(update={"home": words["home"]}) if words["home"] else settings
