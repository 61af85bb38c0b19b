"""Prepare: from the competition's folder to sealed tables that a person can open."""

from collections.abc import Sequence

from foldline.config import Config
from foldline.config.data import Data, Folds
from foldline.console import heading, progress, warn
from foldline.data.competition.answers import describe_foreign_answers
from foldline.data.competition.corrections import compute_train_labels, load_corrections
from foldline.data.competition.layout import require_folder
from foldline.data.competition.reader import Competition, read_competition
from foldline.data.competition.schemes import SCHEMES, Scheme
from foldline.data.competition.verify import Fault, check_pictures
from foldline.data.folds import assign_folds, count_classes, take_given_folds
from foldline.data.prepared import load_summary
from foldline.files import is_folder
from foldline.preparing.report import describe_rare_classes, describe_seal, show_prepared
from foldline.preparing.tables import build_summary, build_tables, save_tables
from foldline.runs.table_settings import collect_settings
from foldline.spelling import find_on_disk


def run_prepare(config: Config) -> None:
    """Read labels from the paths, check the pictures, assign the folds, write and seal the tables.

    Only `outputs/prepared/<data>` is written. Raise `UserError` for what the user must change.
    """
    data, directory = config.data, config.prepared_dir
    scheme = SCHEMES[data.scheme](data.pattern)
    settings = collect_settings(config)
    heading(f"prepare  {data.root}  scheme {data.scheme}")

    corrections = load_corrections(data.corrections) if data.corrections else []
    competition = _read_competition(data, scheme)
    pictures, class_names = competition.pictures, competition.class_names
    train_labels = compute_train_labels(
        pictures,
        scheme,
        class_names,
        corrections=corrections,
        age_cut=data.train_age_cut,
        source=str(data.corrections),
    )
    folds, num_folds = _assign_folds(config.folds, competition)
    counts = count_classes(competition.groups, competition.labels, folds, len(class_names))

    tables = build_tables(
        pictures,
        train_labels.labels,
        folds,
        competition.test,
        competition.rejected,
        attribute_names=scheme.attribute_names,
        class_names=class_names,
    )
    summary = build_summary(
        competition, scheme, counts, train_labels, data, num_folds=num_folds, settings=settings
    )
    before = load_summary(directory)
    seal_lines = describe_seal(directory, tables, summary, before, config.run_dir.parent)
    save_tables(directory, tables, summary)

    for line in [
        *competition.warnings,
        *describe_foreign_answers(summary["submission_values"], competition.sample),
        *describe_rare_classes(class_names, counts, config.folds.number, config.folds.kind),
    ]:
        warn(line)
    show_prepared(summary, counts, train_labels, data, seal_lines)


def _read_competition(data: Data, scheme: Scheme) -> Competition:
    """Return the competition under `data.root`; a bar runs while its pictures are checked."""

    def check(paths: Sequence[str]) -> dict[str, Fault]:
        with progress("checking pictures", len(paths)) as bar:
            decode = data.verify == "decode"
            return check_pictures(data.root, paths, decode=decode, advance=bar.advance)

    if data.test_dir is not None and is_folder(data.root):
        require_folder("data.test_dir", data.root, find_on_disk(data.root, data.test_dir))
    return read_competition(
        data.root,
        scheme,
        train_dir=data.train_dir or scheme.train_dir,
        test_dir=data.test_dir or scheme.test_dir,
        valid_dir=data.valid_dir,
        sample_file=data.sample_file,
        # whoever names the columns thereby says that there is no sample file
        search_sample=data.submission_columns is None,
        check=check,
        fail_on_bad=data.on_bad_image == "fail",
    )


def _assign_folds(folds: Folds, competition: Competition) -> tuple[list[int], int]:
    """Return the fold of every picture, and how many folds are validated."""
    groups, labels = competition.groups, competition.labels
    if folds.kind == "given":
        is_valid = [picture.is_given_valid for picture in competition.pictures]
        return take_given_folds(groups, labels, is_valid, competition.class_names), 1
    return assign_folds(
        [picture.path for picture in competition.pictures],
        groups,
        labels,
        kind=folds.kind,
        number=folds.number,
        seed=folds.seed,
    )
