"""The quick part of `benchmarks/hostile_inputs.py`: never a traceback, and nothing else is lost."""

from pathlib import Path

import pytest
from benchmarks.hostile_inputs import attack_all


# the YAML and the pictures are slower, or cause warnings, which are errors here
@pytest.mark.parametrize(("kind", "number"), [("runs", 90), ("checkpoints", 60), ("tables", 50)])
def test_damage_ends_in_a_line(kind: str, number: int, tmp_path: Path) -> None:
    outcomes = dict(attack_all(kind, number, seed=0, folder=tmp_path))
    failed = [f"{each}: {one.said}" for each, one in outcomes.items() if one.verdict == "traceback"]
    assert not failed, failed[0]
    assert len(outcomes) == number
    assert {one.verdict for one in outcomes.values()} == {"refused", "accepted"}
