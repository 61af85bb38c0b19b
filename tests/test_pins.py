import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PINS = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()


def normalize(requirement: str) -> str:
    name = re.split(r"[^\w.-]", requirement)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def list_requirements() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["dev"]]


@pytest.mark.parametrize("requirement", list_requirements())
def test_every_requirement_is_pinned(requirement: str) -> None:
    assert normalize(requirement) in {normalize(pin) for pin in PINS}


@pytest.mark.parametrize("pin", PINS)
def test_a_pin_is_one_version_and_names_no_address(pin: str) -> None:
    assert re.fullmatch(r"[\w.-]+==[\w.+]+( ; [\w.=<>!' ()]+)?", pin)


def test_every_target_is_in_the_help() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.+)$", makefile.replace("\\\n", ""), re.MULTILINE)
    assert targets
    for target in targets[1].split():
        assert re.search(rf"^{target}:.* ## \w.+", makefile, re.MULTILINE), target
