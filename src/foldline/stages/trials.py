"""The trials of a sweep: which settings each has, and whether it is finished."""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foldline.config import Config
from foldline.data.prepared import Prepared
from foldline.errors import UserError
from foldline.files import compute_sha256
from foldline.plain_yaml import PlainYamlError, load_plain_yaml
from foldline.recipe import load_config
from foldline.stages.run_record import load_scores
from foldline.stages.runs import RunFolder, choose_folds, find_run

_NAME_LENGTH = 90


@dataclass(frozen=True)
class Sweep:
    """A grid: every combination of `parameters`, in the file's order, compared by `metric`."""

    path: Path
    metric: str
    maximize: bool
    parameters: Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Trial:
    """One combination under a run name of its own; `overrides` are `key=value` texts."""

    values: Mapping[str, Any]
    overrides: Sequence[str]
    config: Config

    @property
    def run(self) -> RunFolder:
        return RunFolder(self.config.run_dir)

    def describe(self) -> str:
        """`train.optimizer.lr=0.001 model.name="resnet18"`."""
        return " ".join(_write(key, value) for key, value in self.values.items())

    def is_finished(self, prepared: Prepared) -> bool:
        """Whether all its folds are trained and scored; raises where another configuration was."""
        if find_run(self.config, prepared) is None:
            return False
        folds = choose_folds("train.folds", self.config.train.folds, prepared.num_folds)
        scored = (self.load_scores() or {}).get("folds", {})
        return all(self.run.fold(fold).is_finished and str(fold) in scored for fold in folds)

    def load_scores(self) -> dict[str, Any] | None:
        """What `scores.json` of its run says; None where there is none, or none that is whole."""
        try:
            scores = load_scores(self.run.scores)
        except UserError:
            return None
        return scores.model_dump(mode="json") if scores else None


def load_sweep(path: Path) -> Sweep:
    """Read a sweep file of Weights & Biases whose method is `grid`.

    Raises `UserError` for any other method, and for parameters without a list of values.
    """
    try:
        given = load_plain_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; sweeps are under configs/sweeps/") from None
    except (UnicodeDecodeError, PlainYamlError) as error:
        raise UserError(f"{path}: not YAML: {error}") from None
    parameters = given.get("parameters") if isinstance(given, dict) else None
    if not isinstance(parameters, dict) or not parameters:
        raise UserError(f"{path}: expected parameters:, each with values: [...]")
    method = given.get("method")
    if method != "grid":
        raise UserError(
            f"{path}: method {method} needs Weights & Biases (.venv/bin/wandb sweep {path}); "
            "here only method: grid runs"
        )
    metric = given.get("metric") or {}
    if not isinstance(metric, dict) or metric.get("goal", "minimize") not in _GOALS:
        raise UserError(f"{path}: metric: expected {{name: score, goal: maximize}}")
    return Sweep(
        path=path,
        metric=str(metric.get("name", "score")),
        maximize=metric.get("goal", "minimize") == "maximize",  # W&B's own default
        parameters={str(key): _read_values(path, key, one) for key, one in parameters.items()},
    )


_GOALS = ("maximize", "minimize")


def _read_values(path: Path, key: Any, given: Any) -> list[Any]:
    if key == "run":
        raise UserError(f"{path}: parameters.run: every trial has a run name of its own")
    if isinstance(given, dict) and isinstance(given.get("values"), list) and given["values"]:
        return list(given["values"])
    if isinstance(given, dict) and "value" in given:
        return [given["value"]]
    raise UserError(f"{path}: parameters.{key}: a grid needs values: [...] or value:")


def build_trials(sweep: Sweep, path: Path | None, overrides: Sequence[str]) -> list[Trial]:
    """Every combination over the recipe at `path`; all wrong settings are raised together."""
    base = load_config(path, overrides)
    trials, faults = [], dict[str, None]()
    for combination in itertools.product(*sweep.parameters.values()):
        values = dict(zip(sweep.parameters, combination, strict=True))
        own = [_write(key, value) for key, value in values.items()]
        digest = compute_sha256("\n".join(sorted(own)).encode())[:8]
        changed = [*overrides, *own, f"run={json.dumps(f'{base.run[:_NAME_LENGTH]}-{digest}')}"]
        try:
            trials.append(Trial(values, changed, load_config(path, changed)))
        except UserError as error:
            faults |= dict.fromkeys(f"{sweep.path}: {fault}" for fault in error.faults)
    if faults:
        raise UserError(*faults)
    return trials


def _write(key: str, value: Any) -> str:
    return f"{key}={json.dumps(value, ensure_ascii=False)}"
