"""A process that has the command line loaded, and forks a `bot` for each command.

    python -m tests.cli.zygote

Reads a line of JSON for each: its words, its variables, and the files for what it says on
standard output and on standard error. Answers with its exit code. To load it anew for each
takes two seconds.
"""

import gc
import json
import os
import sys
from collections.abc import Mapping, Sequence

from bot import install
from bot.cli import commands, failures, main
from bot.sections.authority import KeyAlgorithm

LOADED = (commands, failures)  # what `main` loads late: forks shall have it


def serve() -> None:
    setattr(install, "SERVICE_KEY", KeyAlgorithm.EC_P256)  # noqa: B010 - RSA-3072 takes seconds; the demonstration has it
    gc.freeze()  # what no collection touches stays shared with the forks
    for line in sys.stdin:
        words, variables, *files = json.loads(line)
        if (process := os.fork()) == 0:
            live(words, variables, files)
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


def live(words: Sequence[str], variables: Mapping[str, str], files: Sequence[str]) -> None:
    """Be that `bot`; ends the process, as `python -m bot` does."""
    os.environ.clear()
    os.environ.update(variables)
    for number, file in enumerate([os.devnull, *files]):
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.argv = ["bot", *words]
    main()


if __name__ == "__main__":
    serve()
