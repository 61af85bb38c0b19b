"""The trials of a sweep: which settings each has, and whether it is finished."""

import difflib
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foldline.config import Config
from foldline.config.plain_yaml import PlainYamlError, load_plain_yaml
from foldline.config.recipe import load_config
from foldline.data.prepared import Prepared
from foldline.errors import UserError
from foldline.files import compute_sha256
from foldline.learning.stopping import DIRECTION
from foldline.runs.begin import choose_folds, find_run
from foldline.runs.paths import RunFolder
from foldline.runs.record import RunRecord
from foldline.tracking.figures import list_figures

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
        scores = RunRecord(self.run).scores
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
    metric = _read_metric(path, given.get("metric"))
    return Sweep(
        path=path,
        metric=metric,
        maximize=find_direction(metric) == "maximize",
        parameters={str(key): _read_values(path, key, one) for key, one in parameters.items()},
    )


def find_direction(metric: str) -> str | None:
    """Return whether to `maximize` or to `minimize` a figure of `summarize_scores`.

    None for one that does not say which of two runs is better, such as the number of pictures.
    """
    if metric.startswith("sd_"):  # the steadier over the folds
        return "minimize"
    stem = "out_of_fold_macro_f1" if metric == "score" else metric
    name = stem.removesuffix("_low").removesuffix("_high")
    name = name.removeprefix("mean_").removeprefix("out_of_fold_")
    if name not in DIRECTION:
        return None
    return "maximize" if DIRECTION[name] > 0 else "minimize"


def check_metric(sweep: Sweep, num_folds: int) -> None:
    """Raise `UserError` for a metric that a trial of so many folds will not have."""
    known = [name for name in list_figures(num_folds) if find_direction(name)]
    if sweep.metric not in known:
        near = [name for name in known if name == f"out_of_fold_{sweep.metric}"]
        near += difflib.get_close_matches(sweep.metric, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UserError(
            f"{sweep.path}: metric.name: {sweep.metric} is not known; expected one of "
            f"{', '.join(known)}{hint}"
        )


# what W&B reads there; only these two mean something here
_METRIC_KEYS = ("name", "goal", "target", "impute", "impute_while_running")
_GOALS = ("maximize", "minimize")


def _read_metric(path: Path, given: Any) -> str:
    """The name of the metric. Raises `UserError` for a goal that would name the worst the winner.

    W&B takes `minimize` where no goal is given; here the goal follows from the metric.
    """
    metric = {} if given is None else given
    if not isinstance(metric, dict) or metric.get("goal") not in (None, *_GOALS):
        raise UserError(f"{path}: metric: expected {{name: score, goal: maximize}}")
    for key in metric:
        if key not in _METRIC_KEYS:
            near = difflib.get_close_matches(str(key), _METRIC_KEYS, n=1)
            hint = f"did you mean {near[0]}?" if near else "expected name and goal"
            raise UserError(f"{path}: metric.{key} is not known; {hint}")
    name = str(metric.get("name", "score"))
    goal, direction = metric.get("goal"), find_direction(name)
    if goal is not None and direction not in (None, goal):
        better = "more" if direction == "maximize" else "less"
        raise UserError(
            f"{path}: metric.goal: {goal} would name the worst trial the winner, as {better} "
            f"{name} is better; write goal: {direction}, or leave it out"
        )
    return name


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
        # of a name in letters of several bytes less fits into a file's name
        short = base.run[:_NAME_LENGTH].encode()[: 2 * _NAME_LENGTH].decode(errors="ignore")
        changed = [*overrides, *own, f"run={json.dumps(f'{short}-{digest}', ensure_ascii=False)}"]
        try:
            trials.append(Trial(values, changed, load_config(path, changed)))
        except UserError as error:
            faults |= dict.fromkeys(f"{sweep.path}: {fault}" for fault in error.faults)
    if faults:
        raise UserError(*faults)
    return trials


def _write(key: str, value: Any) -> str:
    return f"{key}={json.dumps(value, ensure_ascii=False)}"
