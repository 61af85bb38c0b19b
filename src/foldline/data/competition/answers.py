"""What a submission says for each class: its name, the number that the name is, or its rank."""

import unicodedata
from collections.abc import Sequence
from typing import Literal

from foldline.data.competition.sample_file import SampleFile
from foldline.errors import UserError
from foldline.text import compute_name_key, name_some

# names, the whole numbers that the names are without leading zeros, or numbers from 0
Kind = Literal["names", "values", "ranks"]


def choose_answers(
    class_names: Sequence[str], sample: SampleFile | None, *, labels: str = "auto"
) -> tuple[Kind, tuple[int | str, ...]]:
    """Return what a submission says for class 0, 1, …; `labels` is `names`, `numbers` or `auto`.

    Numbers are the values of the names if all of them are whole numbers, else ranks. `auto`
    follows the answers of the sample file; if they do not tell, names that are numbers are kept
    and others become ranks, unless an answer is text. Names are spelled as in the sample file.
    Raise `UserError` if numbers are wanted and two names are the same number.
    """
    spelled = _spell(class_names, sample)
    values = _read_values(class_names)
    ranks = tuple(range(len(class_names)))
    if labels == "names":
        return "names", spelled
    if labels == "numbers":
        _require_distinct(class_names, values)
        return ("values", values) if values else ("ranks", ranks)
    kinds: dict[Kind, tuple[int | str, ...]] = {"names": spelled, "values": values, "ranks": ranks}
    found = list_answers(sample)
    if len(set(values)) < len(values):
        kinds["values"] = ()
    if values and found == ["0"]:
        kinds["ranks"] = ()  # a placeholder rather than the first class
    hits = {kind: len({str(value) for value in all_} & set(found)) for kind, all_ in kinds.items()}
    best = max(kinds, key=lambda kind: hits[kind])  # the first of several
    if not hits[best]:
        best = "names" if values or not all(map(_is_number, found)) else "ranks"
    return best, kinds[best]


def choose_columns(
    scheme_columns: tuple[str, str],
    sample: SampleFile | None,
    *,
    chosen: tuple[str, str] | None = None,
) -> tuple[str, str]:
    """Return the submission's columns: the sample file's, else the `chosen`, else the scheme's.

    Raise `UserError` if the sample file has columns other than the chosen ones.
    """
    if sample is None:
        return chosen or scheme_columns
    if chosen and [*map(compute_name_key, chosen)] != [*map(compute_name_key, sample.columns)]:
        raise UserError(
            f"data.submission_columns: {','.join(chosen)}, but the competition's sample file has "
            f"{','.join(sample.columns)}; leave it null"
        )
    return sample.columns


def describe_foreign_answers(values: Sequence[int | str], sample: SampleFile | None) -> list[str]:
    """Return a line if the sample file has answers that the submission will never give."""
    foreign = sorted(set(list_answers(sample)) - {str(value) for value in values})
    if not foreign:
        return []
    return [
        f"the sample file answers with {name_some(map(repr, foreign))}, the submission will with "
        f"{name_some(repr(str(value)) for value in values)}; see data.submission_labels"
    ]


def list_answers(sample: SampleFile | None) -> list[str]:
    """Return each answer of the sample file once, without surrounding blanks."""
    stripped = (answer.strip() for answer in sample.answers) if sample else ()
    return list(dict.fromkeys(filter(None, stripped)))


def _spell(class_names: Sequence[str], sample: SampleFile | None) -> tuple[str, ...]:
    """Return the names as the sample file spells them, or would spell them."""
    spellings: dict[str, str] = {}
    for answer in list_answers(sample):
        spellings.setdefault(compute_name_key(answer), answer)
    composed = all(unicodedata.is_normalized("NFC", answer) for answer in spellings.values())
    form: Literal["NFC", "NFD"] = "NFC" if composed else "NFD"
    return tuple(spellings.get(name, unicodedata.normalize(form, name)) for name in class_names)


def _read_values(class_names: Sequence[str]) -> tuple[int, ...]:
    """Return the whole numbers that the names are, or nothing if one of them is not a number."""
    if not all(name.isascii() and name.isdecimal() for name in class_names):
        return ()
    return tuple(map(int, class_names))


def _require_distinct(class_names: Sequence[str], values: Sequence[int]) -> None:
    first: dict[int, str] = {}
    for name, value in zip(class_names, values, strict=False):
        if (other := first.setdefault(value, name)) != name:
            raise UserError(
                f"data.submission_labels: numbers, but the classes {other} and {name} are the "
                "same number; choose names"
            )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
