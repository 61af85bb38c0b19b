"""How often runs of one recipe that differ in their seed alone are called a gain or a loss.

    .venv/bin/python benchmarks/compare_seeds.py --seeds 16

Draws 540 people, decodes their pictures once to 24×18 pixels and trains a small network on five
folds by person, once a seed. Every pair of seeds is then compared as `foldline compare` does it.
What is trained stays under --folder: the same command goes on where it was stopped.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from foldline import console
from foldline.data.prepared import Prepared, load_prepared
from foldline.files import replacing
from foldline.metrics.compare import compare_runs
from foldline.metrics.counts import Probs
from foldline.metrics.metric import METRICS

MACRO_F1 = METRICS["macro_f1"]

HEIGHT, WIDTH = 24, 18
FOLDS, EPOCHS, BATCH = 5, 5, 96


def open_competition(folder: Path, people: int) -> Prepared:
    """The drawn sample in `folder`, with five folds by person; drawn where it is not there yet."""
    prepared = folder / "outputs/prepared/sample"
    if not (prepared / "summary.json").is_file():
        settings = [f"sample.people={people}", "data.root=inputs/sample", f"folds.number={FOLDS}"]
        for stage in ("sample", "prepare"):
            command = [sys.executable, "-m", "foldline", stage, *settings]
            subprocess.run(command, cwd=folder, check=True)
    return load_prepared(prepared)


def load_pictures(root: Path, prepared: Prepared) -> torch.Tensor:
    """All pictures `[N, 3, HEIGHT, WIDTH]`, the middle three quarters, between -1 and 1."""
    pictures = []
    with console.progress("decode", len(prepared.train)) as bar:
        for path in prepared.train["path"]:
            with Image.open(root / path) as picture:
                width, height = picture.size
                middle = (width // 8, height // 8, width * 7 // 8, height * 7 // 8)
                pictures.append(np.asarray(picture.resize((WIDTH, HEIGHT), box=middle)))
            bar.advance()
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


def build_network(num_classes: int) -> nn.Module:
    layers: list[nn.Module] = []
    for before, after in ((3, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after)]
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
    pixels = (HEIGHT // 8) * (WIDTH // 8)
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(64 * pixels, num_classes)
    )


def train_network(
    images: torch.Tensor, labels: torch.Tensor, num_classes: int, seed: int, bar: console.Bar
) -> nn.Module:
    """Weights, order and mirroring all follow from `seed`."""
    torch.manual_seed(seed)
    network = build_network(num_classes)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.05)
    steps = EPOCHS * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=steps)
    weights = (1 / torch.bincount(labels, minlength=num_classes).clamp(min=1)).sqrt()
    criterion = nn.CrossEntropyLoss(weight=weights, label_smoothing=0.1)
    for _ in range(EPOCHS):
        for rows in torch.split(torch.randperm(len(images)), BATCH):
            batch = images[rows]
            mirrored = torch.rand(len(rows)) < 0.5
            batch[mirrored] = batch[mirrored].flip(3)
            optimizer.zero_grad()
            criterion(network(batch), labels[rows]).backward()
            optimizer.step()
            schedule.step()
            bar.advance(len(rows))
    return network.eval()


def answer_out_of_fold(
    images: torch.Tensor, prepared: Prepared, seed: int, bar: console.Bar
) -> Probs:
    """`[N, C]`: every picture answered by the network that never saw its person."""
    num_classes = len(prepared.class_names)
    labels = torch.tensor(prepared.train["label"].tolist())
    folds = torch.tensor(prepared.train["fold"].tolist())
    probs = torch.zeros(len(labels), num_classes)
    for fold in range(FOLDS):
        seen = folds != fold
        network = train_network(images[seen], labels[seen], num_classes, seed * FOLDS + fold, bar)
        with torch.inference_mode():
            probs[~seen] = network(images[~seen]).softmax(1)
    return probs.double().numpy()


def train_seeds(folder: Path, prepared: Prepared, num_seeds: int) -> list[Probs]:
    paths = [folder / f"seed_{seed}.npy" for seed in range(num_seeds)]
    missing = [seed for seed, path in enumerate(paths) if not path.is_file()]
    if missing:
        images = load_pictures(folder / "inputs/sample", prepared)
        per_seed = EPOCHS * (FOLDS - 1) * len(images)
        with console.progress("train", len(missing) * per_seed) as bar:
            for seed in missing:
                probs = answer_out_of_fold(images, prepared, seed, bar)
                with replacing(paths[seed]) as temporary, temporary.open("wb") as file:
                    np.save(file, probs)
    return [np.load(path) for path in paths]


def describe_pairs(prepared: Prepared, answers: Sequence[Probs]) -> str:
    """How often a pair is called, and how much seeds move a score beside what people do.

    A pair's difference varies with the seeds by more than drawing the people anew shows, as far as
    what training decides by chance is the same for many people.
    """
    labels = prepared.train["label"].to_numpy(dtype=np.int64)
    groups = prepared.train["group"].tolist()
    num_classes = len(prepared.class_names)
    found = []
    pairs = list(combinations(answers, 2))
    with console.progress("compare", len(pairs)) as bar:
        for one, two in pairs:
            found.append(compare_runs(MACRO_F1, labels, groups, one, two))
            bar.advance()
    scores = np.array(
        [MACRO_F1.score(labels, np.eye(num_classes)[one.argmax(1)]) for one in answers]
    )
    # a normal interval of 95 % is 2 · 1.96 standard errors wide
    by_people = np.mean([((one.high - one.low) / 3.92) ** 2 for one in found]) ** 0.5
    by_seeds = 2**0.5 * scores.std(ddof=1)
    called = np.mean([one.verdict != "noise" for one in found])
    agree = np.mean([(one.argmax(1) == two.argmax(1)).mean() for one, two in pairs])
    return (
        f"{len(answers)} seeds: macro-F1 {scores.mean():.3f}, sd {scores.std(ddof=1):.4f}, "
        f"same answers {100 * agree:.0f} %; {called * 100:.1f} % of {len(found)} pairs called; "
        f"standard error of a difference by seeds {by_seeds:.4f}, by people {by_people:.4f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--people", type=int, default=540)
    parser.add_argument("--folder", type=Path, default=Path("outputs/compare_seeds"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    prepared = open_competition(arguments.folder, arguments.people)
    console.log(describe_pairs(prepared, train_seeds(arguments.folder, prepared, arguments.seeds)))


if __name__ == "__main__":
    main()
