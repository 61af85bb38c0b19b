"""Whether files that are broken or hostile end in a line, never in a traceback.

    PYTHONPATH=. .venv/bin/python benchmarks/hostile_inputs.py --kinds runs tables --number 2000

Each input is one file damaged at random (`benchmarks/damage.py`), read as the commands read it. An
input is *refused* (exit code 2, or left out with a line), *accepted*, or a *traceback*. The seed
of each input is printed with its traceback.
"""

import argparse
import io
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from benchmarks.damage import CELLS, VALUES, Random, damage_bytes, damaged
from tests.competition import draw, write_competition
from tests.drawn_runs import draw_project

from foldline.cli import main as run_foldline
from foldline.config.plain_yaml import PlainYamlError, load_plain_yaml
from foldline.config.recipe import load_config
from foldline.data.competition.verify import check_picture
from foldline.data.decode import BadImageError, load_image
from foldline.data.prepared import load_prepared
from foldline.errors import UserError
from foldline.files import write_json
from foldline.learning.checkpoint import Checkpoint, load_checkpoint, load_state, save_checkpoint
from foldline.learning.networks.model import build_model, copy_state
from foldline.runs.metrics_log import save_metrics
from foldline.runs.out_of_fold import OutOfFold, load_out_of_fold, save_out_of_fold
from foldline.submitting.truth import load_truth

Verdict = Literal["refused", "accepted", "traceback"]
CONFIGS = Path(__file__).parents[1] / "configs"
# seconds that one input may take
LIMIT = 20.0
SCORES = {"macro_f1": 0.5, "accuracy": 0.5, "log_loss": 1.0}
# of a checkpoint
FIELDS: Any = {
    **{"class_names": ("cat", "dog"), "image_size": (32, 24), "crop": None},
    **{"mean": (0.5, 0.5, 0.5), "std": (0.2, 0.2, 0.2), "seal": "a", "scoring_seal": "b"},
    **{"fold": 0, "num_folds": 2, "epoch": 1, "monitor": "macro_f1", "scores": SCORES},
}


class Outcome(NamedTuple):
    """What became of one input; `said` is the traceback, or what was printed."""

    verdict: Verdict
    said: str


Attack = Callable[[Random], Outcome]


def try_command(*arguments: str) -> Outcome:
    """Run one command in this process; what is left out with a warning counts as refused."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            run_foldline(arguments)
        except SystemExit as stop:
            code = stop.code
    said = out.getvalue() + err.getvalue()
    if code not in (0, 2) or "Traceback" in said:
        return Outcome("traceback", f"{' '.join(arguments)}: exit code {code}\n{said}")
    named = any(f"{end}: " in err.getvalue() for end in (".csv", ".json", ".jsonl", "line"))
    return Outcome("refused" if code or named else "accepted", said)


def try_call(call: Callable[[], object]) -> Outcome:
    """Call a reader in this process."""
    try:
        call()
    except (UserError, PlainYamlError, BadImageError) as error:
        return Outcome("refused", str(error))
    except Exception:  # noqa: BLE001 - what is looked for
        return Outcome("traceback", traceback.format_exc(limit=-3))
    return Outcome("accepted", "")


def attack_runs(folder: Path) -> Attack:
    """A file of one of three runs, the ledger or the prepared table; the other runs stay."""
    write_runs(folder)
    files = sorted(path for path in (folder / "outputs/runs/one").rglob("*") if path.is_file())
    files += [folder / "outputs/leaderboard.csv", folder / "outputs/prepared/drawn/summary.json"]
    submission = "outputs/runs/one/submission.csv"
    commands = (
        *(("runs",), ("show", "one"), ("leaderboard",), ("compare", "one", "two", "three")),
        *(("report", "run=none"), ("score", "one", "0.5")),
        ("check-submission", submission, "--config", "outputs/runs/two/config.yaml"),
    )

    def attack(random: Random) -> Outcome:
        # the more often, the quicker
        weights = np.array([6, 5, 2, 1, 1, 2, 2])
        command = commands[int(random.choice(len(commands), p=weights / weights.sum()))]
        ledger = files[-2].read_bytes()
        with damaged(random, files[int(random.integers(0, len(files)))]):
            outcome = try_command(*command)
        files[-2].write_bytes(ledger)
        lost = [run for run in ("two", "three") if f"\n{run} " not in outcome.said]
        if command == ("runs",) and lost:
            return Outcome("traceback", f"runs does without {lost}:\n{outcome.said}")
        return outcome

    return attack


def write_runs(folder: Path) -> None:
    """Three runs with all their files on a prepared table, and a ledger, under `folder`."""
    project = draw_project(folder)
    with chdir(folder):
        for seed, name in enumerate(("one", "two", "three")):
            run = project.add_run(name, seed=seed)
            sealed = {"seal": project.seal, "scoring_seal": "b" * 64, "num_folds": 3}
            write_json(run / "environment.json", sealed)
            table = load_out_of_fold(run / "oof.csv").table
            for fold in range(3):
                rows = table[table["fold"] == fold].reset_index(drop=True)
                save_out_of_fold(run / f"fold_{fold}/oof.csv", OutOfFold(rows))
                history = [{"epoch": 1, **SCORES, "seconds": 1.5, "is_best": True}]
                save_metrics(run / f"fold_{fold}/metrics.jsonl", history)
            try_command("score", name, f"0.{5 + seed}")


def attack_checkpoints(folder: Path) -> Attack:
    """A `best.pt` with a wrong field, or other bytes."""
    network = {"stages_repeats": [1, 1, 1], "stages_out_channels": [8, 16, 32, 64, 128]}
    name = "shufflenet_v2_x0_5"
    checkpoint = Checkpoint(
        state=copy_state(build_model(name, 2, source="torchvision", arguments=network)),
        model_source="torchvision",
        model_name=name,
        model_arguments=network,
        **FIELDS,
    )
    path, other = folder / "best.pt", folder / "other.pt"
    save_checkpoint(path, checkpoint)
    values, content = load_state(path), path.read_bytes()

    def attack(random: Random) -> Outcome:
        if random.random() < 0.5:
            other.write_bytes(damage_bytes(random, content))
        else:
            key = str(random.choice(list(values)))
            changed = dict(values[key]) if isinstance(values[key], dict) else values
            part = key if changed is values else str(random.choice(list(changed)))
            wrong = VALUES[int(random.integers(0, len(VALUES)))]
            torch.save(
                values | {key: wrong if changed is values else changed | {part: wrong}}, other
            )
        return try_call(lambda: load_checkpoint(other).build_model())

    return attack


def attack_tables(folder: Path) -> Attack:
    """The sample file, the people, corrections and true answers of a tiny competition."""
    write_competition(folder / "inputs/tiny")
    sample = folder / "inputs/tiny/eval/info.csv"
    corrections, truth = folder / "corrections.csv", folder / "truth.csv"
    person = next((folder / "inputs/tiny/train/images").iterdir()).name
    corrections.write_text(f"folder,gender,age,reason\n{person},female,70,seen\n")
    shutil.copy(sample, truth)
    settings = ("data.root=inputs/tiny", "folds.number=2", "data.image_size=[32,24]")
    with chdir(folder):
        try_command("prepare", *settings)
        prepared = load_prepared(Path("outputs/prepared/tiny"))
    files = (sample, corrections, truth, folder / "inputs/tiny/train/train.csv")

    def attack(random: Random) -> Outcome:
        path = files[int(random.integers(0, len(files)))]
        with damaged(random, path):
            if path == truth:
                return try_call(lambda: load_truth(truth, prepared))
            return try_command("prepare", *settings, f"data.corrections={corrections.name}")

    return attack


def attack_yaml(folder: Path) -> Attack:
    """Recipes with other bytes, and texts that make readers of YAML run for ever or fall over."""
    recipes = [path.read_bytes() for path in sorted(CONFIGS.rglob("*.yaml"))]
    bomb = "a0: &a0 [x, x, x, x]\n" + "".join(
        f"a{k + 1}: &a{k + 1} [{', '.join([f'*a{k}'] * 4)}]\n" for k in range(7)
    )
    texts = [bomb, "[" * 3000, "{a: " * 3000, "- " * 3000, "&a [*a]", "a: &a {b: *a}", "? ? ? a"]
    texts += ["!!python/object/apply:os.system [ls]", "a: !!binary x", "!!timestamp x", "<<: [1]"]
    texts += [f"{key}: {json}" for key in ("parent", "run", "seed", "data") for json in CELLS]
    path = folder / "x.yaml"

    def attack(random: Random) -> Outcome:
        if random.random() < 0.3:
            content = texts[int(random.integers(0, len(texts)))].encode()
        else:
            content = damage_bytes(random, recipes[int(random.integers(0, len(recipes)))])
        path.write_bytes(content)
        text = content.decode("utf-8", "replace")
        outcome = try_call(lambda: load_plain_yaml(text))
        return outcome if outcome.verdict == "traceback" else try_call(lambda: load_config(path))

    return attack


def attack_pictures(folder: Path) -> Attack:
    """JPEG and PNG files with other bytes; both the check and the decoder look at them."""
    contents = {}
    for name in ("a.jpg", "a.png"):
        draw(folder / name, (90, 120, 200), seed=1)
        contents[name] = (folder / name).read_bytes()

    def check(path: Path) -> None:
        if fault := check_picture(path, decode=True):
            raise UserError(fault.reason)
        load_image(path, (1, 1))

    def attack(random: Random) -> Outcome:
        name = str(random.choice(list(contents)))
        path = folder / f"x{name}"
        path.write_bytes(damage_bytes(random, contents[name]))
        return try_call(lambda: check(path))

    return attack


KINDS: dict[str, Callable[[Path], Attack]] = {
    "runs": attack_runs,
    "checkpoints": attack_checkpoints,
    "tables": attack_tables,
    "yaml": attack_yaml,
    "pictures": attack_pictures,
}


@contextmanager
def limiting(seconds: float) -> Iterator[None]:
    """Raise `TimeoutError` in a block that takes longer."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"still at it after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def attack_all(kind: str, number: int, seed: int, folder: Path) -> Iterator[tuple[int, Outcome]]:
    """The outcomes of `number` inputs of one kind, with the number of each."""
    with chdir(folder):
        attack = KINDS[kind](folder)
        for each in range(number):
            with limiting(LIMIT):
                yield each, attack(np.random.default_rng([seed, each]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each kind; gives 1 where there was a traceback."""
    parser = argparse.ArgumentParser(description="Give foldline broken and hostile files.")
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--number", type=int, default=1000, help="inputs of each kind")
    parser.add_argument("--seed", type=int, default=0)
    settings = parser.parse_args(arguments)
    row = "{:<12}{:>8}{:>10}{:>10}{:>12}{:>9}"
    print(row.format("kind", "inputs", "refused", "accepted", "tracebacks", "seconds"), flush=True)
    failed: dict[str, str] = {}
    for kind in settings.kinds:
        counts: dict[Any, int] = dict.fromkeys(("refused", "accepted", "traceback"), 0)
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            for each, outcome in attack_all(kind, settings.number, settings.seed, Path(folder)):
                counts[outcome.verdict] += 1
                if outcome.verdict == "traceback":
                    failed.setdefault(outcome.said[-300:], f"{kind} {each}: {outcome.said}")
        print(
            row.format(kind, settings.number, *counts.values(), f"{time.monotonic() - started:.0f}")
        )
    print(*failed.values(), sep="\n\n", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    sys.exit(main())
