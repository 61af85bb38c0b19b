"""The command that the user typed, and others made from it that work when pasted."""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foldline.errors import UserError

# the Makefile sets this, and passes its variables to foldline as these options
THROUGH_MAKE = "FOLDLINE_MAKE"
_VARIABLES = {"--config": "CONFIG", "--sweep": "SWEEP", "--set": "SET"}
_FLAGS = {"--force": "FORCE=1"}
_WITHOUT_TARGET = ("check-submission",)

_BEGINS_SETTING = re.compile(r"[^\W\d][\w.]*=")
# characters that stay as they are between double quotes, in every shell and in make
_PLAIN = re.compile(r"[\w./=:+,@%\[\]{}() ;&|*?<>#~^-]*")


_typed: dict[str, Any] = {"config": None, "settings": ()}


def remember(config: Path | None = None, settings: Sequence[str] = ()) -> None:
    """Keep the recipe and settings of this command, for the commands that it will print."""
    _typed.update(config=config, settings=tuple(settings))


def split_settings(text: str) -> list[str]:
    """Split a text such as `train.epochs=5 train.folds=[0, 1]`, as make passes it, into settings.

    Quotes work as in a shell; a backslash is itself. A word that does not begin like a setting
    belongs to the one before it. Raise `UserError` for a quote without a partner.
    """
    try:
        lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
        lexer.whitespace_split, lexer.commenters, lexer.escape = True, "", ""
        words = list(lexer)
    except ValueError:
        raise UserError(
            f"SET: a quote in {text} has no partner; put the whole setting into the other kind "
            "of quotes"
        ) from None
    settings: list[str] = []
    for word in words:
        if settings and not _BEGINS_SETTING.match(word):
            settings[-1] += f" {word}"
        else:
            settings.append(word)
    return settings


def join_settings(settings: Sequence[str]) -> str:
    """Return the text that `split_settings` splits into `settings`."""
    return " ".join(
        setting if _reads_back(setting) else shlex.quote(setting) for setting in settings
    )


def repeat(
    *stages: str, changed: Mapping[str, str] | None = None, flags: Sequence[str] = ()
) -> str:
    """Return a command that runs `stages` with this command's settings, except those `changed`."""
    new = changed or {}
    kept = [item for item in _typed["settings"] if item.partition("=")[0] not in new]
    settings = [*kept, *(f"{key}={value}" for key, value in new.items())]
    return format_command(*stages, config=_typed["config"], settings=settings, flags=flags)


def format_command(
    *stages: str,
    config: Path | None = None,
    settings: Sequence[str] = (),
    flags: Sequence[str] = (),
) -> str:
    """Return a command that runs `stages`, through make if the user called make."""
    if THROUGH_MAKE in os.environ and not set(stages) & set(_WITHOUT_TARGET):
        parts = [*stages]
        parts += [f"CONFIG={shlex.quote(str(config))}"] if config else []
        parts += [f"SET={_quote(join_settings(settings))}"] if settings else []
        return " ".join(["make", *parts, *(_FLAGS[flag] for flag in flags)])
    options = ["--config", str(config)] if config else []
    words = [*options, *flags, *settings]
    return " && ".join(f"{_name_program()} {shlex.join([stage, *words])}" for stage in stages)


def format_again(arguments: Sequence[str]) -> str:
    """Return a command that runs the one with these `arguments` again."""
    if THROUGH_MAKE not in os.environ:
        return f"{_name_program()} {shlex.join(arguments)}"
    parts, left = ["make"], list(arguments)
    while left:
        word = left.pop(0)
        if word in _VARIABLES and left:
            parts.append(f"{_VARIABLES[word]}={_quote(left.pop(0))}")
        else:
            parts.append(_FLAGS.get(word, word))
    return " ".join(parts)


def choose(*, make: str, foldline: str) -> str:
    """Return a command: the words after `make` if the user called make, else after `foldline`."""
    return f"make {make}" if THROUGH_MAKE in os.environ else f"{_name_program()} {foldline}"


def _reads_back(setting: str) -> bool:
    try:
        return split_settings(setting) == [setting]
    except UserError:
        return False


def _quote(text: str) -> str:
    if re.fullmatch(r"[\w./=:+,@%-]+", text):
        return text
    return f'"{text}"' if _PLAIN.fullmatch(text) else shlex.quote(text)


def _name_program() -> str:
    """Return how the user called foldline."""
    if THROUGH_MAKE in os.environ:
        return ".venv/bin/foldline"
    called, python = Path(sys.argv[0]), shlex.quote(sys.executable)
    if "TORCHELASTIC_RUN_ID" in os.environ and os.environ.get("GROUP_WORLD_SIZE", "1") == "1":
        processes = os.environ.get("LOCAL_WORLD_SIZE", "1")
        return f"{python} -m torch.distributed.run --nproc-per-node {processes} -m foldline"
    if called.parts[-2:] == ("foldline", "__main__.py"):
        return f"{python} -m foldline"
    found = shutil.which("foldline")
    if called.name != "foldline" or (found and os.path.realpath(found) == os.path.realpath(called)):
        return "foldline"
    return shlex.quote(sys.argv[0])
