"""Kaggle's own command-line client: find it, call it, and explain what it prints."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from foldline.errors import UserError

# six: some versions of the client use it without declaring it
_INSTALL = ".venv/bin/uv pip install --constraint requirements.txt kaggle six"
_TOKEN = "make a token at https://www.kaggle.com/settings"

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# `100%|████| 66.0k/66.0k [00:04<00:00, 15.2kB/s]`, in some terminals without the bar itself
_BAR = re.compile(r"\d{1,3}%(?:\|.*?\|)?\s*\S+/\S+\s*\[[^\]]*\]")
# asides of the client: that it is outdated, that others may read the token
_ASIDE = re.compile(r"warning: (looks like you're using an outdated|your kaggle api key)", re.I)
# what is refused, though some versions of the client end with 0 after it
_REFUSED = re.compile(
    r"could not|authentication required|user cancelled|[45]\d\d (- |client error|server error)",
    re.I,
)
_URL = re.compile(r"(?: for url:)? https?://\S+")
_MOST = 300  # characters of the client's words that are quoted

# what to do about a refusal; the first that fits
_REMEDIES = (
    (r"\blimit|remaining|too many|\b429\b", "today's submissions are used up; try again tomorrow"),
    (r"\brules\b", "accept the rules at {rules}, then submit again"),
    (r"authenti|unauthori[sz]ed|credential|\b401\b", f"the token is not accepted; {_TOKEN}"),
    (
        r"\b404\b|not find|not found",
        "--competition is the last part of the competition's address; does it still take files?",
    ),
    (
        r"\b403\b|forbidden|denied",
        "is the name right? join the competition and accept its rules at {rules}",
    ),
    (
        r"\b400\b|bad request",
        "Kaggle says no more; are the rules accepted ({rules}), are submissions left today, does "
        "it take files and not notebooks?",
    ),
    (
        r"could not submit|\b5\d\d\b|connection|timed? ?out|ssl|resolve",
        "the upload broke off; submit again",
    ),
)


def find_client() -> str:
    """Return the path of Kaggle's command.

    Raises `UserError` where it is not installed, or has no credentials in any of the places where
    it looks for them.
    """
    beside = Path(sys.executable).parent
    client = shutil.which("kaggle", path=f"{os.environ.get('PATH', '')}{os.pathsep}{beside}")
    if client is None:
        raise UserError(f"Kaggle's client is not installed; install it with: {_INSTALL}")
    folder = Path.home() / ".kaggle"
    shared = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "kaggle"
    given = os.environ.get("KAGGLE_CONFIG_DIR")
    files = [
        *(folder / name for name in ("access_token", "access_token.txt", "credentials.json")),
        *(place / "kaggle.json" for place in (folder, shared, *([Path(given)] if given else []))),
    ]
    by_name = os.environ.get("KAGGLE_USERNAME") and os.environ.get("KAGGLE_KEY")
    by_token = os.environ.get("KAGGLE_API_TOKEN") or os.environ.get("KAGGLE_API_V1_TOKEN")
    if not (by_name or by_token or any(file.is_file() for file in files)):
        raise UserError(
            f"no credentials for Kaggle: {_TOKEN}, then "
            f"put it into {folder / 'access_token'} or KAGGLE_API_TOKEN "
            "(an older kaggle.json will do too)"
        )
    return client


def submit_file(client: str, path: Path, *, competition: str, message: str) -> list[str]:
    """Submit the file `path` and return what the client says, line by line.

    Raises `UserError` with its reason, and what to do about it, when it fails.
    """
    try:
        done = subprocess.run(
            # = keeps a message that begins with - from being taken for an option
            [
                *(client, "competitions", "submit", f"--competition={competition}"),
                *(f"--file={path}", f"--message={message}"),
            ],
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            env=os.environ | {"PYTHONUTF8": "1"},
        )
    except OSError as error:
        raise UserError(
            f"{client}: cannot be started: {error.strerror}; install it again with: {_INSTALL}"
        ) from None
    said = _clean(done.stdout)
    refused = [line for line in said if _REFUSED.match(line)]
    if done.returncode or refused:
        why = describe_refusal(
            done.stdout, done.stderr, code=done.returncode, competition=competition
        )
        raise UserError(f"Kaggle's client could not submit {path}: {why}")
    return said


def describe_refusal(out: str, err: str, *, code: int, competition: str) -> str:
    """Return on one line why the client failed, in its own words, and what to do where known.

    It prints the reason of a refusal to standard output and its bar to standard error, where a
    fault of its own is the last line of a traceback: both are read, without the bar.
    """
    said, blamed = _clean(out), _clean(err)
    # if an upload broke off, the reason comes before that line, if at all
    broke_off = bool(said) and said[-1].startswith("Could not submit")
    refused = said[-2:] if broke_off else [line for line in said if _REFUSED.match(line)]
    lines = [_URL.sub("", line).rstrip(".") for line in [*(refused or said[-1:]), *blamed[-1:]]]
    quoted = "; ".join(dict.fromkeys(lines))[:_MOST] or f"exit code {code}"
    # a competition's own name may hold any of the words
    asked = quoted.replace(competition, "")
    rules = f"https://www.kaggle.com/competitions/{competition}/rules"
    for pattern, remedy in _REMEDIES:
        if re.search(pattern, asked, re.IGNORECASE):
            return f"{quoted}: {remedy.format(rules=rules)}"
    return quoted


def _clean(text: str) -> list[str]:
    """Return the lines that say something: without bars, colours and the client's own asides."""
    lines = (_BAR.sub("", line).strip() for line in _ANSI.sub("", text).splitlines())
    return [line for line in lines if line and not _ASIDE.match(line)]
