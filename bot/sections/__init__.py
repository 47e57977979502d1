"""The sections of `bot.toml`: each number, word list or date with its default."""
