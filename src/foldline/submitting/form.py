"""Check that a submission has the columns, ids, order and values the competition asks for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from foldline.runs.submission import Submission
from foldline.text import compute_name_key

_NUM_VALUES_NAMED = 3


@dataclass(frozen=True)
class Finding:
    """One line about a submission.

    `stop`: not to be submitted. `warn`: rare for an honest submission. `note`: what was compared,
    or could not be.
    """

    check: str
    level: Literal["stop", "warn", "note"]
    message: str


def check_form(
    given: Submission, *, columns: Sequence[str], ids: Sequence[str], values: Sequence[object]
) -> list[Finding]:
    """Return what is wrong with the form of `given`; `values` are the answers, one a class.

    An empty list means: every id once, in the order of `ids`, each answered with a class.
    """
    return [
        *_check_columns(given.columns, columns),
        *_check_spelling(given.ids, ids),
        *_check_ids(_spell(given.ids, ids), ids),
        *_check_values(given, columns[1], [str(value) for value in values]),
    ]


def _check_columns(given: Sequence[str], expected: Sequence[str]) -> list[Finding]:
    if list(given) == list(expected):
        return []
    marked = ",".join(given)
    found = marked.removeprefix("\ufeff")
    mark = "" if found == marked else ", after a byte order mark; save it as plain UTF-8"
    text = f"columns {found}{mark}; expected {','.join(expected)}"
    return [Finding("columns", "stop", text)]


def _spell(given: Sequence[str], expected: Sequence[str]) -> list[str]:
    """Return the given ids, each in the spelling of the one expected id that it matches."""
    known = set(expected)
    if known.issuperset(given):
        return list(given)
    keys = Counter(map(compute_name_key, expected))
    spelled = {compute_name_key(one): one for one in expected}
    return [
        one if one in known or keys[compute_name_key(one)] != 1 else spelled[compute_name_key(one)]
        for one in given
    ]


def _check_spelling(given: Sequence[str], expected: Sequence[str]) -> list[Finding]:
    """Find ids that match expected ones here but may not for whoever scores them."""
    spelled = zip(given, _spell(given, expected), strict=True)
    changed = [(one, meant) for one, meant in spelled if one != meant]
    if not changed:
        return []
    one, meant = changed[0]
    return [
        Finding(
            "ids",
            "stop",
            f"ids spelled otherwise than in the sample file (composed or decomposed letters, "
            f"blanks): {len(changed)}, such as {one!r}; write it {meant!r} as there",
        )
    ]


def _check_ids(given: Sequence[str], expected: Sequence[str]) -> list[Finding]:
    counts, wanted = Counter(given), set(expected)
    faults = (
        ("missing", [one for one in expected if one not in counts]),
        ("of no test picture", [one for one in counts if one not in wanted]),
        ("more than once", [one for one, count in counts.items() if count > 1]),
    )
    findings = [
        Finding("ids", "stop", f"ids {what}: {len(ids)}, such as {ids[0]}; every id must come once")
        for what, ids in faults
        if ids
    ]
    if len(given) != len(expected):
        text = f"{len(given)} rows; expected {len(expected)}"
        findings.append(Finding("count", "stop", text))
    if not findings and list(given) != list(expected):
        findings.append(_describe_order(list(given), list(expected)))
    return findings


def _describe_order(given: list[str], expected: list[str]) -> Finding:
    elsewhere = [
        row for row, pair in enumerate(zip(given, expected, strict=True)) if len({*pair}) > 1
    ]
    first = elsewhere[0]
    offset = given.index(expected[0])
    how = ""
    if given == expected[::-1]:
        how = ": the rows are reversed"
    elif given == expected[-offset:] + expected[:-offset]:
        by = min(offset, len(given) - offset)
        how = f": the rows are shifted by {'one' if by == 1 else by}"
    return Finding(
        "order",
        "stop",
        f"{len(elsewhere)} rows are not where the sample file has them{how}; row {first + 2} is "
        f"{given[first]}, expected {expected[first]}",
    )


def _check_values(given: Submission, column: str, values: Sequence[str]) -> list[Finding]:
    allowed = set(values)
    wrong: dict[str, list[str]] = {}
    for one, answer in zip(given.ids, given.answers, strict=True):
        if answer not in allowed:
            wrong.setdefault(answer, []).append(one)
    findings = [
        Finding(
            "values",
            "stop",
            f"{column} {answer!r} is no class ({len(ids)} rows, such as {ids[0]}); "
            f"{_expect(answer, values)}",
        )
        for answer, ids in list(wrong.items())[:_NUM_VALUES_NAMED]
    ]
    if len(wrong) > _NUM_VALUES_NAMED:
        more = len(wrong) - _NUM_VALUES_NAMED
        findings.append(Finding("values", "stop", f"{more} more values that are no class"))
    return findings


def _expect(answer: str, values: Sequence[str]) -> str:
    for value in values:
        if compute_name_key(value) == compute_name_key(answer):
            return f"write {value}"
    try:
        # 3.0, 03 and " 3": the right class, written otherwise
        near = str(int(float(answer))) if float(answer).is_integer() else ""
    except (ValueError, OverflowError):
        near = ""
    if near in values:
        return f"write {near}"
    if all(value.isdecimal() for value in values):
        return f"expected whole numbers {values[0]} to {values[-1]}"
    return f"expected {', '.join(values[:5])}{', …' if len(values) > 5 else ''}"
