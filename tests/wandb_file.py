"""What an offline run of Weights & Biases holds, read with wandb's own message types.

The file is a log as LevelDB writes it: blocks of 32 KiB, records of 7 bytes of header (checksum,
length, kind) and a body; a record that crosses blocks comes in parts.
"""

import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb.proto import wandb_internal_pb2 as messages

_BLOCK, _HEADER, _PREAMBLE = 32 * 1024, 7, b":W&B"
_FULL, _FIRST, _LAST = 1, 2, 4


def read_records(path: Path) -> list[Any]:
    """Every record of a `.wandb` file."""
    content = path.read_bytes()
    assert content.startswith(_PREAMBLE), path
    records, parts, place = [], b"", _HEADER
    while place + _HEADER <= len(content):
        if _BLOCK - place % _BLOCK < _HEADER:
            place += _BLOCK - place % _BLOCK
            continue
        _, length, kind = struct.unpack_from("<IHB", content, place)
        body = content[place + _HEADER : place + _HEADER + length]
        assert len(body) == length, "cut off"
        parts = body if kind in (_FULL, _FIRST) else parts + body
        if kind in (_FULL, _LAST):
            record = messages.Record()  # type: ignore[attr-defined]
            record.ParseFromString(parts)
            records.append(record)
        place += _HEADER + length
    return records


@dataclass
class OfflineRun:
    """One run, from all the files under its id."""

    group: str = ""
    job_type: str = ""
    name: str = ""
    project: str = ""
    notes: str = ""
    sweep: str = ""
    tags: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, str] = field(default_factory=dict)
    axes: set[str] = field(default_factory=set)
    used: dict[str, Any] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)
    exit_codes: list[int] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)


def read_runs(directory: Path) -> dict[str, OfflineRun]:
    """The runs under `<directory>/wandb`, by id."""
    runs: dict[str, OfflineRun] = {}
    for path in sorted(directory.glob("wandb/*run-*/*.wandb")):
        run = runs.setdefault(path.stem.removeprefix("run-"), OfflineRun())
        run.files.append(path)
        for record in read_records(path):
            _READERS.get(record.WhichOneof("record_type"), _skip)(run, record)
    return runs


def _skip(run: OfflineRun, record: Any) -> None:
    pass


def _read_run(run: OfflineRun, record: Any) -> None:
    said = record.run
    run.group, run.job_type, run.name = said.run_group, said.job_type, said.display_name
    run.project, run.notes, run.sweep = said.project, said.notes, said.sweep_id
    run.tags = list(said.tags)
    run.config |= {item.key: json.loads(item.value_json) for item in said.config.update}


def _read_history(run: OfflineRun, record: Any) -> None:
    items = record.history.item
    row = {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}
    run.rows.append(row)


def _read_summary(run: OfflineRun, record: Any) -> None:
    for item in record.summary.update:
        run.summary[item.key or "/".join(item.nested_key)] = json.loads(item.value_json)


def _read_metric(run: OfflineRun, record: Any) -> None:
    metric = record.metric
    kept = [key for key in ("max", "min", "mean", "last") if getattr(metric.summary, key)]
    run.metrics[metric.name or metric.glob_name] = ",".join(kept)
    run.axes.add(metric.step_metric)


def _read_artifact(run: OfflineRun, record: Any) -> None:
    artifact = record.artifact
    (run.used if artifact.use_after_commit else run.made)[artifact.name] = artifact


def _read_exit(run: OfflineRun, record: Any) -> None:
    run.exit_codes.append(record.exit.exit_code)


_READERS = {
    "run": _read_run,
    "history": _read_history,
    "summary": _read_summary,
    "metric": _read_metric,
    "artifact": _read_artifact,
    "exit": _read_exit,
}
