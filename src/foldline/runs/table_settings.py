"""Which settings shape the prepared table, and whether they still are the same."""

import os
from pathlib import Path, PurePath
from typing import Any

from foldline.config import Config
from foldline.data.competition.schemes import SCHEMES
from foldline.data.prepared import Prepared, suggest_prepare
from foldline.errors import UserError
from foldline.files import compute_sha256
from foldline.text import compute_path_key


def collect_settings(config: Config) -> dict[str, Any]:
    """Return the settings that shape the table, by dotted key, as plain JSON values.

    Folders are relative to the working directory where they lie in it, so that a project
    that was moved is still the same; corrections are named together with a hash of their rows.
    """
    data, folds = config.data, config.folds
    scheme = SCHEMES[data.scheme](data.pattern)
    return {
        "data.root": _place(data.root),
        "data.scheme": data.scheme,
        "data.pattern": data.pattern if data.scheme == "filename" else None,
        "data.train_dir": data.train_dir or scheme.train_dir,
        "data.test_dir": data.test_dir or scheme.test_dir,
        "data.valid_dir": data.valid_dir,
        "data.sample_file": data.sample_file,
        "data.submission_columns": list(data.submission_columns or []) or None,
        "data.submission_labels": data.submission_labels,
        "data.verify": data.verify,
        "data.on_bad_image": data.on_bad_image,
        "data.train_age_cut": data.train_age_cut,
        "data.corrections": _identify(data.corrections) if data.corrections else None,
        "folds.kind": folds.kind,
        # no folds are assigned where the data came with a validation folder
        "folds.number": None if folds.kind == "given" else folds.number,
        "folds.seed": None if folds.kind == "given" else folds.seed,
    }


def check_settings(prepared: Prepared, config: Config) -> None:
    """Raise `UserError` listing the settings that are not those the table was prepared with."""
    wanted = collect_settings(config)
    faults = [
        f"{config.prepared_dir}: prepared with {key}={_show(prepared.settings.get(key))}, "
        f"configuration says {_show(value)}"
        for key, value in wanted.items()
        if not _are_same(prepared.settings.get(key), value)
    ]
    if faults:
        raise UserError(*faults[:-1], f"{faults[-1]}; {suggest_prepare()}")


def _are_same(value: Any, other: Any) -> bool:
    if isinstance(value, str) and isinstance(other, str):  # folders may be typed in any spelling
        return compute_path_key(value) == compute_path_key(other)
    return bool(value == other)


def check_sample_file(prepared: Prepared) -> None:
    """Raise `UserError` where the sample file is no more the one that the table was made from.

    Its ids and their order are those of the submission.
    """
    if prepared.sample_file is None or prepared.sample_sha256 is None:
        return
    try:
        content = prepared.sample_file.read_bytes()
    except OSError:  # of data that lie elsewhere by now
        return
    if compute_sha256(content) != prepared.sample_sha256:
        raise UserError(
            f"{prepared.sample_file}: changed since it was prepared: its ids, their order or its "
            f"columns may have changed; {suggest_prepare()}"
        )


def _show(value: Any) -> str:
    return "null" if value is None else str(value)


def _place(path: Path) -> str:
    # not resolved: a linked folder on one machine may be a real one on the next
    absolute = PurePath(os.path.abspath(path))  # noqa: PTH100
    try:
        return absolute.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return absolute.as_posix()


def _identify(path: Path) -> str:
    try:
        return f"{path.as_posix()} ({compute_sha256(path.read_bytes())[:12]})"
    except OSError:
        return f"{path.as_posix()} (missing)"
