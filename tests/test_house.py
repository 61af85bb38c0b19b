"""The shape of the source: small folders, short files, thin commands."""

import ast
import re
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from foldline.commands import foldline

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src/foldline"
FILES = sorted(SOURCE.rglob("*.py"))
COMMANDS = sorted(path for path in (SOURCE / "commands").glob("*.py") if path.stem != "__init__")


def count_lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_folder_holds_more_than_15_files() -> None:
    sizes = Counter(path.parent for path in FILES if path.parent != SOURCE / "commands")
    assert {folder: size for folder, size in sizes.items() if size > 15} == {}
    assert SOURCE in sizes


def test_no_file_has_more_than_300_lines() -> None:
    assert {path: count for path in FILES if (count := count_lines(path)) > 300} == {}


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.stem)
def test_a_command_is_one_thin_file(path: Path) -> None:
    defined = [node for node in ast.parse(path.read_text("utf-8")).body if hasattr(node, "name")]
    assert [node.name for node in defined] == ["command"]
    assert count_lines(path) <= 60
    name = path.stem.replace("_", "-")
    assert foldline.commands[name] is import_module(f"foldline.commands.{path.stem}").command


def test_the_hooks_of_pre_commit_are_the_lines_of_make_check() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert recipe is not None
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (local,) = hooks["repos"]
    entries = [hook["entry"] for hook in local["hooks"]]
    assert entries == [line.removeprefix("\t@") for line in recipe[1].splitlines()]
