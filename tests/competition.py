"""A mask competition of a dozen tiny pictures, and what tests ask of files."""

import csv
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from foldline.data.transforms import Transform
from foldline.learning.checkpoint import load_checkpoint
from foldline.metrics.counts import Probs

PEOPLE = (
    ("000001", "male", 25),
    ("000002", "male", 28),
    ("000003", "female", 40),
    ("000004", "female", 45),
    ("000005", "female", 60),
    ("000006", "female", 60),
)
SHOTS = ("mask1", "normal")

Foldline = Callable[..., int]


class Said(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


def draw(path: Path, color: tuple[int, int, int], seed: int) -> None:
    noise = np.random.default_rng(seed).integers(-30, 30, (32, 24, 3))
    pixels = np.clip(np.array(color) + noise, 0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=95)


def write_competition(root: Path) -> None:
    """Six people with two pictures each to train on, three pictures to answer."""
    folders = []
    for number, (person, gender, age) in enumerate(PEOPLE):
        folders.append((person, gender, "Asian", age, f"{person}_{gender}_Asian_{age}"))
        for shot in SHOTS:
            color = (40 * number + 20, 200 if shot == "normal" else 60, 3 * age)
            path = root / "train/images" / folders[-1][-1] / f"{shot}.jpg"
            draw(path, color, seed=number)
    with (root / "train/train.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("id", "gender", "race", "age", "path"), *folders])
    ids = [f"{number:040x}.jpg" for number in (7, 3, 5)]
    for number, name in enumerate(ids):
        draw(root / "eval/images" / name, (80 * number, 60, 120), seed=90 + number)
    (root / "eval/info.csv").write_text("ImageID,ans\n" + "".join(f"{i},0\n" for i in ids))


def answer_alone(checkpoint_path: Path, paths: list[Path]) -> Probs:
    """Probabilities in full precision, without the dataset, the loader and the engine."""
    checkpoint = load_checkpoint(checkpoint_path)
    transform = Transform(**checkpoint.eval_transform)
    images = [transform(np.asarray(Image.open(path)), 0) for path in paths]
    with torch.no_grad():
        logits = checkpoint.build_model()(transform.normalize(torch.stack(images)))
    probs: Probs = logits.double().softmax(1).numpy()
    return probs


def list_files(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` with its bytes."""
    return {
        os.fspath(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
