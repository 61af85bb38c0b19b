"""Every optimizer, schedule and loss that a recipe may name can be built, and no other."""

from collections.abc import Mapping
from typing import Any, get_args

import pytest

from foldline.config.learning import Train
from foldline.learning.loss import LOSSES
from foldline.learning.optimizer import OPTIMIZERS
from foldline.learning.schedule import SCHEDULES


@pytest.mark.parametrize(
    ("key", "built"), [("optimizer", OPTIMIZERS), ("schedule", SCHEDULES), ("loss", LOSSES)]
)
def test_sections_and_builders_have_the_same_names(key: str, built: Mapping[str, Any]) -> None:
    kind = Train.model_fields[key].annotation
    sections = get_args(kind) or (kind,)
    assert [section.model_fields["name"].default for section in sections] == list(built)
