"""What training sees instead of the official label: corrected labels and another age cut."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foldline.data.competition.labels import Picture
from foldline.data.competition.schemes import Scheme
from foldline.errors import UserError
from foldline.tables import read_table
from foldline.text import compute_name_key, compute_path_key, shorten_faults

COLUMNS = ["target", "part", "value"]


@dataclass(frozen=True, slots=True)
class Correction:
    """One row of a corrections file: the picture or group `target` has another `part`."""

    target: str
    part: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class TrainLabels:
    """The label of every picture that training sees; None: not trained on.

    `num_corrected` and `num_cut` count the pictures whose label was changed by corrections and by
    the age cut; `unused` are those of `num_corrections` rows whose target is not in the data.
    """

    labels: Sequence[int | None]
    num_corrections: int
    num_corrected: int
    num_cut: int
    unused: Sequence[Correction]


def load_corrections(path: Path) -> list[Correction]:
    """Read a CSV with the columns `target,part,value`; lines that begin with # are comments.

    `target` is a picture's path from the data root, or a group; `part` is an attribute of the
    scheme, or `label`. Each may be spelled differently than on disk. Raise `UserError` with a line
    for each faulty row.
    """
    if not path.is_file():
        raise UserError(f"data.corrections: {path}: no such file")
    table = read_table(path, comments=True)
    if [*map(compute_name_key, table.columns)] != COLUMNS:
        raise UserError(f"{path}: expected the header {','.join(COLUMNS)}")
    corrections, faults = [], []
    seen: dict[tuple[str, str], int] = {}
    for number, row in zip(table.lines, table.rows, strict=True):
        target, part, value = map(str.strip, row)
        if not target or not part:
            expected = f"expected {','.join(COLUMNS)}, found {','.join(row)!r}"
            faults.append(f"{path}: line {number}: {expected}")
            continue
        first = seen.setdefault((compute_path_key(target), part), number)
        if first != number:
            faults.append(f"{path}: line {number}: {target} {part}: as line {first}")
        corrections.append(Correction(target, part, value, number))
    if faults:
        raise UserError(*shorten_faults(faults))
    return corrections


def compute_train_labels(
    pictures: Sequence[Picture],
    scheme: Scheme,
    class_names: Sequence[str],
    *,
    corrections: Sequence[Correction] = (),
    age_cut: int | None = None,
    source: str = "corrections",
) -> TrainLabels:
    """Apply corrections, then the age cut; a row for a picture wins over one for its group.

    Without either, the labels are the official ones. `source` names the corrections file in
    errors. Raise `UserError` for a part or value that the scheme does not have (only if the target
    is in the data), or for an age cut if the scheme has no age.
    """
    if age_cut is not None and "age" not in scheme.attribute_names:
        raise UserError("data.train_age_cut: only data.scheme=mask knows ages; leave it null")
    rows: dict[str, list[Correction]] = {}
    for correction in corrections:
        rows.setdefault(compute_path_key(correction.target), []).append(correction)
    path_keys = {picture.path: compute_path_key(picture.path) for picture in pictures}
    targets = {*path_keys.values(), *(picture.group for picture in pictures)}
    unused = [c for c in corrections if compute_path_key(c.target) not in targets]
    used = [c for c in corrections if compute_path_key(c.target) in targets]
    values = _parse_values(used, scheme, class_names, source)
    labels: list[int | None] = []
    num_corrected = num_cut = 0
    for picture in pictures:
        own = {c.part: values[c] for c in rows.get(path_keys[picture.path], ())}
        of_group = {c.part: values[c] for c in rows.get(picture.group, ())}
        if own:
            of_group.pop("label", None)  # it would override the picture's own attributes
        changes = of_group | own
        corrected = _correct(picture, scheme, changes, None)
        label = corrected if age_cut is None else _correct(picture, scheme, changes, age_cut)
        num_corrected += corrected != picture.label
        num_cut += label != corrected
        labels.append(label)
    return TrainLabels(labels, len(corrections), num_corrected, num_cut, unused)


def _correct(
    picture: Picture, scheme: Scheme, changes: dict[str, int | None], age_cut: int | None
) -> int | None:
    if "label" in changes:
        return changes["label"]
    if not picture.attributes:
        return picture.label
    attributes = [
        old if (new := changes.get(name)) is None else new
        for name, old in zip(scheme.attribute_names, picture.attributes, strict=True)
    ]
    return scheme.compute_label(attributes, oldest_from=age_cut)


def _parse_values(
    corrections: Sequence[Correction], scheme: Scheme, class_names: Sequence[str], source: str
) -> dict[Correction, int | None]:
    values: dict[Correction, int | None] = {}
    faults = []
    for correction in corrections:
        try:
            values[correction] = _parse_value(correction, scheme, class_names)
        except ValueError as error:
            where = f"{source}: line {correction.line}: {correction.part}"
            faults.append(f"{where}: {error}, found {correction.value!r}")
    if faults:
        raise UserError(*shorten_faults(faults))
    return values


def _parse_value(correction: Correction, scheme: Scheme, class_names: Sequence[str]) -> int | None:
    if correction.part in scheme.attribute_names:
        return scheme.parse_attribute(correction.part, correction.value)
    if correction.part != "label":
        raise ValueError(
            f"no such part; expected {' or '.join((*scheme.attribute_names, 'label'))}"
        )
    if correction.value == "":
        return None
    name = compute_name_key(correction.value)
    if name not in class_names:
        raise ValueError("expected the name of a class, or nothing for: not trained on")
    return class_names.index(name)
