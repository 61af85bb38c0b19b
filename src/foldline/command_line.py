"""The command that the user typed, and others made from it that work when they are pasted."""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from foldline.errors import UserError

# the Makefile sets it, and calls foldline with these options for its variables
THROUGH_MAKE = "FOLDLINE_MAKE"
_VARIABLES = {"--config": "CONFIG", "--sweep": "SWEEP", "--set": "SET"}
_FLAGS = {"--force": "FORCE=1"}
_WITHOUT_TARGET = ("check-submission",)

_BEGINS_SETTING = re.compile(r"[^\W\d][\w.]*=")
# what stays as it is between double quotes, in every shell and in make
_PLAIN = re.compile(r"[\w./=:+,@%\[\]{}() ;&|*?<>#~^-]*")


@dataclass(frozen=True)
class _Typed:
    config: Path | None = None
    settings: tuple[str, ...] = ()


_typed = [_Typed()]


def remember(config: Path | None = None, settings: Sequence[str] = ()) -> None:
    """Keep the recipe and the settings that this command was given, for those it will print."""
    _typed[0] = _Typed(config, tuple(settings))


def split_settings(text: str) -> list[str]:
    """The settings in one text such as `train.epochs=5 train.folds=[0, 1]`, as make is given them.

    Quotes are a shell's; a backslash is itself. A word that does not begin as a setting does
    belongs to the one before it. Raises `UserError` for a quote without its partner.
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
    """The text that `split_settings` takes apart into `settings`."""
    return " ".join(
        setting if _reads_back(setting) else shlex.quote(setting) for setting in settings
    )


def repeat(
    *stages: str, changed: Mapping[str, str] | None = None, flags: Sequence[str] = ()
) -> str:
    """What runs `stages` with the recipe and settings of this command, but for those `changed`."""
    new = changed or {}
    kept = [item for item in _typed[0].settings if item.partition("=")[0] not in new]
    settings = [*kept, *(f"{key}={value}" for key, value in new.items())]
    return format_command(*stages, config=_typed[0].config, settings=settings, flags=flags)


def format_command(
    *stages: str,
    config: Path | None = None,
    settings: Sequence[str] = (),
    flags: Sequence[str] = (),
) -> str:
    """What runs `stages`: by make where the user called make, else by foldline as it was called."""
    if THROUGH_MAKE in os.environ and not set(stages) & set(_WITHOUT_TARGET):
        parts = [*stages]
        parts += [f"CONFIG={shlex.quote(str(config))}"] if config else []
        parts += [f"SET={_quote(join_settings(settings))}"] if settings else []
        return " ".join(["make", *parts, *(_FLAGS[flag] for flag in flags)])
    options = ["--config", str(config)] if config else []
    words = [*options, *flags, *settings]
    return " && ".join(f"{_name_program()} {shlex.join([stage, *words])}" for stage in stages)


def format_again(arguments: Sequence[str]) -> str:
    """What runs the command with these `arguments` once more."""
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
    """One of two ways to call the same: the words after `make`, or those after `foldline`."""
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
    """foldline as the user has called it."""
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
