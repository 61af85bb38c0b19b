"""Tables of a report as text."""

import math

import numpy as np

from foldline.metrics.confusion import ClassScores
from foldline.reporting.figures.tables import format_classes, format_confusion

COUNTS = np.array([[46, 24], [0, 0]])


def test_cells_are_fractions_of_the_true_class() -> None:
    assert (
        format_confusion(COUNTS, ["ants", "bees"], fractions=True)
        == "true class,ants,bees\nants,46/70,24/70\nbees,,\n"
    )


def test_counts_are_numbers() -> None:
    text = format_confusion(COUNTS, ["ants, red", 'the "bees"'], fractions=False)
    assert text == 'true class,"ants, red","the ""bees"""\n"ants, red",46,24\n"the ""bees""",,\n'


def test_what_a_class_does_not_have_is_blank() -> None:
    text = format_classes(
        ["ants", "bees"],
        ClassScores(
            precision=np.array([1 / 3, math.nan]),
            recall=np.array([1.0, math.nan]),
            f1=np.array([0.5, math.nan]),
            support=np.array([7, 0]),
        ),
    )
    assert text.splitlines() == [
        "label,class,precision,recall,f1,support",
        "0,ants,0.3333,1.0000,0.5000,7",
        "1,bees,,,,0",
    ]
