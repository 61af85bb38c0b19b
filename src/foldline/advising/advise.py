"""`foldline advise`: which part of the network to train on the prepared pictures, and why."""

import pandas as pd
from torch import nn

from foldline import console
from foldline.advising.advice import LARGE_FROM, SIMILAR_FROM, Advice, Separation, choose_freezing
from foldline.advising.separation import NUM_FOLDS, choose_sample, compute_separation
from foldline.command_line import repeat
from foldline.config import Config
from foldline.data.bad_pictures import BadPictures
from foldline.data.folds import ALWAYS_TRAINED, assign_groups
from foldline.data.prepared import Prepared, load_prepared
from foldline.errors import UserError
from foldline.learning.networks.model import find_head
from foldline.learning.predictor import Predictor
from foldline.learning.runtime import open_runtime
from foldline.runs.table_settings import check_settings
from foldline.training.batches import build_valid_transform
from foldline.training.start import build_network, load_origin, name_weights


def run_advise(config: Config) -> None:
    """Print the facts, the rule, the advice and the command, which repeats what was typed.

    Nothing is written. Raises `UserError` for what `train` would refuse, too.
    """
    prepared = load_prepared(config.prepared_dir)
    check_settings(prepared, config)
    # pictures that validate must not decide how the others are trained
    rows = prepared.train
    if (rows["fold"] == ALWAYS_TRAINED).any():
        rows = rows[rows["fold"] == ALWAYS_TRAINED]
    height, width = config.data.image_size
    console.heading(
        f"advise {config.prepared_dir}: {config.model.name} ({config.model.weights}), "
        f"{height}×{width}"
    )
    unit = _name_unit(rows)
    size = float(rows.groupby("label")["group"].nunique().mean())
    _print_size(rows, unit, size)
    pretrained = config.model.weights != "none"
    separation = None
    if pretrained:
        measured = _measure(config, prepared, rows, unit)
        _print_similarity(measured, unit)
        separation = measured if isinstance(measured, Separation) else None
    _print_advice(choose_freezing(size, separation, pretrained=pretrained), config)


def _name_unit(rows: pd.DataFrame) -> str:
    """Return what pictures are independent by: people, groups, or the pictures themselves."""
    if rows["group"].nunique() == len(rows):
        return "pictures"
    return "people" if {"gender", "age"} <= set(rows.columns) else "groups"


def _print_size(rows: pd.DataFrame, unit: str, size: float) -> None:
    counts = rows["label"].value_counts()
    groups = f" of {rows['group'].nunique()} {unit}" if unit != "pictures" else ""
    console.log(
        f"pictures  {len(rows)}{groups} in {len(counts)} classes, "
        f"{counts.min()} to {counts.max()} a class"
    )
    name = "large" if size >= LARGE_FROM else "small"
    console.log(
        f"size      {name}: {size:.0f} {unit} a class on average; large from {LARGE_FROM} on, "
        "by rule of thumb"
    )


def _measure(config: Config, prepared: Prepared, rows: pd.DataFrame, unit: str) -> Separation | str:
    """Measure the similarity on a sample, with the network before training; or say why not."""
    sample = choose_sample(rows["group"].tolist(), rows["label"].tolist(), seed=config.seed)
    if not sample:
        return f"fewer than two classes have {NUM_FOLDS} {unit}"
    model = _build_network(config, prepared)
    if isinstance(model, str):
        return model
    chosen = rows.iloc[sample]
    runtime = open_runtime(**config.train.runtime)
    predictor = Predictor([model], build_valid_transform(config), runtime)
    batches = predictor.build_batches(
        config.data.root, chosen["path"].tolist(), batch_size=config.infer.batch_size
    )
    bad = BadPictures(config.data.on_bad_image)
    with console.progress("looking at pictures", len(chosen)) as bar:
        seen, features = predictor.extract_features(
            bad.watch(batches),
            find_head(model, len(prepared.class_names)),
            on_batch=predictor.move(bar),
        )
    bad.report("advise")
    if not len(seen):
        return "none of the pictures could be read"
    chosen = chosen.iloc[seen]
    labels, groups = chosen["label"].tolist(), chosen["group"].tolist()
    folds = assign_groups(groups, labels, number=NUM_FOLDS, seed=config.seed)
    return compute_separation(features, labels, groups, folds)


def _build_network(config: Config, prepared: Prepared) -> nn.Module | str:
    """Build the network with its weights, or return why these cannot measure the similarity."""
    fold = (config.train.folds or (0,))[0]
    if config.model.weights == "imagenet":
        build_network(config, prepared, fold, load=False)  # a wrong name is the user's fault
        try:
            return build_network(config, prepared, fold, load=True)
        except UserError as error:
            return str(error)
    model = build_network(config, prepared, fold, load=True)
    weights = name_weights(config.model.weights, fold)
    origin = load_origin(weights, prepared, [fold])
    if origin and origin.scoring_seal == prepared.scoring_seal:
        return f"{weights} was trained on these very pictures"
    return model


def _print_similarity(separation: Separation | str, unit: str) -> None:
    if isinstance(separation, str):
        console.log(f"similar   not measured: {separation}")
        return
    verdict = "yes" if separation.is_similar else "no"
    if separation.is_close_call:
        verdict = f"rather {verdict}, a close call"
    by = {"people": "person", "groups": "group", "pictures": "picture"}[unit]
    console.log(
        f"similar   {verdict}: {separation.score:.2f} (95 % by {by} {separation.low:.2f} to "
        f"{separation.high:.2f}); similar from {SIMILAR_FROM:.2f} on"
    )
    console.log(
        "          how well a linear probe on the frozen features tells "
        f"{separation.num_classes} classes"
    )
    console.log(
        f"          of {separation.num_images} pictures apart, in {NUM_FOLDS} folds by {by}: "
        "0 is chance, 1 without a fault"
    )


def _print_advice(advice: Advice, config: Config) -> None:
    console.log(f"rule      {advice.case}: model.train={advice.train}")
    console.log(f"why       {advice.reason}")
    for word, train in (("command", advice.train), ("compare", advice.alternative)):
        if train:
            changed = {"model.train": train}
            # one name is one configuration
            if advice.alternative or config.run_dir.exists():
                changed["run"] = f"{config.run}-{train}"
            console.log(f"{word}   {repeat('train', changed=changed)}")
