"""Change one small thing of the code at a time, and see whether a test notices.

    .venv/bin/python benchmarks/mutants.py --number 40 --files data/folds.py metrics/metric.py

A comparison is moved or turned round, a constant changed, `and` becomes `or`, a `not` goes, a
line is left out. For each such mutant the tests of the file are run, and those of `MORE` where
they pass; a mutant that passes all of them is printed as a survivor. Nothing is written: libraries
are imported once, and each mutant runs in a fork of that process, which imports the changed source
in place of the file. What a test starts as a process of its own is not changed.
"""

import argparse
import ast
import contextlib
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import io
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src/foldline"

# what decides labels, folds, scores, files to submit and what is learned
FILES = (
    *("data/folds.py", "data/competition/test_set.py", "data/competition/sample_file.py"),
    *("data/competition/answers.py", "data/competition/schemes.py"),
    *("data/competition/corrections.py", "runs/out_of_fold.py", "runs/submission.py"),
    *("metrics/metric.py", "metrics/counts.py", "metrics/bootstrap.py", "metrics/compare.py"),
    *("submitting/gate.py", "learning/stopping.py", "learning/durations.py"),
    *("learning/optimizer.py", "learning/schedule.py", "learning/loss.py"),
    *("learning/predictor.py", "training/loop.py"),
)
# beside the file of tests that mirrors the source
MORE = {
    **{
        f"data/competition/{one}.py": ("preparing/test_prepare.py",)
        for one in ("test_set", "sample_file", "answers")
    },
    "data/competition/schemes.py": (
        "data/test_folds.py",
        "data/competition/test_corrections.py",
    ),
    "metrics/compare.py": ("reporting/test_compare.py",),
    **dict.fromkeys(
        ("runs/out_of_fold.py", "runs/submission.py", "submitting/gate.py"),
        ("submitting/test_check_submission.py",),
    ),
    **{
        f"learning/{one}.py": ("training/test_trainer.py",)
        for one in ("stopping", "durations", "optimizer", "schedule", "loss", "predictor")
    },
    "training/loop.py": ("training/test_trainer.py",),
}

_OPTIONS = (
    *("-x", "-q", "-n0", "--no-summary", "-p", "no:cacheprovider"),
    # both look for garbage among all that is imported, which takes longer than the tests
    *("-p", "no:unraisableexception", "-p", "no:threadexception"),
)
_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt},
    **{ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In},
    **{ast.Is: ast.IsNot, ast.IsNot: ast.Is},
}
_REMOVABLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.Raise, ast.Return, ast.Continue, ast.Break)


@dataclass(frozen=True)
class Mutant:
    """`tree` is the file with the change that `text` describes."""

    file: str
    line: int
    text: str
    tree: ast.Module


def list_mutants(file: str) -> list[Mutant]:
    """Every change of one file, in the order of its lines."""
    tree = ast.parse((SOURCE / file).read_text(encoding="utf-8"))
    mutants = []
    for number, node in enumerate(_walk(tree)):
        for way in range(_count_ways(node)):
            changed = deepcopy(tree)
            target = _walk(changed)[number]
            old = _show(target)
            _change(changed, target, way)
            new = " removed" if isinstance(target, _REMOVABLE) else f" -> {_show(target)}"
            mutants.append(Mutant(file, node.lineno, old + new, changed))
    return mutants


def _walk(tree: ast.Module) -> list[ast.stmt | ast.expr]:
    """Statements and expressions, but annotations, decorators, docstrings and `strict` of zip."""
    found, skipped = list[ast.stmt | ast.expr](), ("annotation", "returns", "decorator_list")

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.stmt | ast.expr):
            found.append(node)
        for name, value in ast.iter_fields(node):
            if name in skipped or (isinstance(node, ast.keyword) and node.arg == "strict"):
                continue
            for child in value if isinstance(value, list) else [value]:
                is_text = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
                if isinstance(child, ast.AST) and not is_text:
                    visit(child)

    visit(tree)
    return found


def _count_ways(node: ast.stmt | ast.expr) -> int:
    match node:
        case ast.Compare(ops=operators):
            return sum(type(one) in _COMPARISONS for one in operators)
        case ast.Constant(value=bool() | float()) | ast.UnaryOp(op=ast.Not()) | ast.BoolOp():
            return 1
        case ast.Constant(value=int()):
            return 2
        case ast.If() | ast.IfExp() | ast.While():
            return int(not isinstance(node.test, ast.Compare | ast.UnaryOp))
    return int(isinstance(node, _REMOVABLE))


def _change(tree: ast.Module, node: ast.stmt | ast.expr, way: int) -> None:
    match node:
        case ast.Compare():
            node.ops[way] = _COMPARISONS[type(node.ops[way])]()
        case ast.Constant(value=bool()):
            node.value = not node.value
        case ast.Constant(value=int() | float() as value):
            node.value = value + (1, -1)[way] if isinstance(value, int) else 2 * value + 0.1
        case ast.UnaryOp():
            node.op = ast.Not()
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.If() | ast.IfExp() | ast.While():
            node.test = ast.UnaryOp(ast.Not(), node.test)
        case _:
            _Remove(node).visit(tree)


class _Remove(ast.NodeTransformer):
    def __init__(self, node: ast.AST) -> None:
        self._node = node

    def visit(self, node: ast.AST) -> ast.AST:
        return ast.Pass() if node is self._node else self.generic_visit(node)


def _show(node: ast.AST) -> str:
    if isinstance(node, ast.If | ast.While):
        node = node.test
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 90 else f"{text[:89]}…"


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports `mutant` in place of its file."""

    def __init__(self, mutant: Mutant) -> None:
        self._name = "foldline." + mutant.file.removesuffix(".py").replace("/", ".")
        self._path = str(SOURCE / mutant.file)
        text = ast.unparse(ast.fix_missing_locations(mutant.tree))
        self._code = compile(text, self._path, "exec")

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)


def list_tests(file: str) -> list[list[str]]:
    """Tests in the order they are asked: those that mirror the file, then more of them."""
    own = [str(Path("tests", file).with_name(f"test_{Path(file).name}"))]
    more = [f"tests/{one}" for one in MORE.get(file, ())]
    return [own, more] if more else [own]


def start(tests: Sequence[str], mutant: Mutant | None) -> int:
    """Run `tests` in a fork; return its process id. It ends with pytest's exit code."""
    if child := os.fork():
        return child
    code = 3
    try:
        os.setsid()
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        if mutant:
            sys.meta_path.insert(0, _Finder(mutant))
        import pytest

        code = int(pytest.main([*_OPTIONS, f"--basetemp={tempfile.mkdtemp()}", *tests]))
    finally:
        os._exit(code)


def import_libraries(files: Iterable[str]) -> None:
    """Import what the tests import, then forget foldline and the tests: each fork has its own."""
    os.environ |= {"OMP_NUM_THREADS": "1", "NO_ALBUMENTATIONS_UPDATE": "1"}
    sys.path.insert(0, str(ROOT))
    import accelerate  # noqa: F401
    import pytest
    import torch

    torch.set_num_threads(1)
    tests = sorted({test for file in files for more in list_tests(file) for test in more})
    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main([*_OPTIONS, "--capture=no", "--collect-only", *tests])
    for name in [name for name in sys.modules if name.split(".")[0] in ("foldline", "tests")]:
        del sys.modules[name]
    gc.collect()
    gc.freeze()


class Runs:
    """Forks that are running, at most `jobs`; each is ended after `limit` seconds."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._running: dict[int, tuple[Mutant, float]] = {}

    def run(self, mutants: Iterable[Mutant], tests: Sequence[str], limit: float) -> list[Mutant]:
        """Return those of `mutants` that `tests` do not notice."""
        survivors: list[Mutant] = []
        for mutant in mutants:
            while len(self._running) >= self._jobs:
                survivors += self._wait()
            self._running[start(tests, mutant)] = mutant, time.monotonic() + limit
        while self._running:
            survivors += self._wait()
        return survivors

    def _wait(self) -> Iterator[Mutant]:
        for process, (mutant, deadline) in list(self._running.items()):
            done, status = os.waitpid(process, os.WNOHANG)
            if not done and time.monotonic() < deadline:
                continue
            if not done:  # it runs for ever: that is noticed
                os.killpg(process, signal.SIGKILL)
                _, status = os.waitpid(process, 0)
            del self._running[process]
            if os.waitstatus_to_exitcode(status) == 0:
                yield mutant
        time.sleep(0.01)


def time_alone(tests: Sequence[str]) -> float:
    """Seconds that `tests` take on the code as it is. Raises `SystemExit` where they fail."""
    begin = time.monotonic()
    _, status = os.waitpid(start(tests, None), 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"the tests fail on the code as it is: {' '.join(tests)}")
    return time.monotonic() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--number", type=int, default=40, help="mutants a file; 0: all")
    parser.add_argument("--seed", type=int, default=0, help="of the choice among them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--files", nargs="*", default=FILES, choices=FILES, metavar="FILE")
    options, total, left = parser.parse_args(), 0, 0
    os.chdir(ROOT)
    import_libraries(options.files)
    for file in options.files:
        mutants = list_mutants(file)
        if 0 < options.number < len(mutants):
            mutants = random.Random(f"{options.seed} {file}").sample(mutants, options.number)
        survivors = mutants
        for tests in list_tests(file):
            limit = 5 + 5 * time_alone(tests)
            survivors = Runs(options.jobs).run(survivors, tests, limit)
        report(file, len(mutants), len(survivors))
        lines = (SOURCE / file).read_text(encoding="utf-8").splitlines()
        for one in sorted(survivors, key=lambda one: (one.line, one.text)):
            where = f"src/foldline/{file}:{one.line}"
            print(f"    {where}: {one.text}  in  {lines[one.line - 1].strip()}", flush=True)
        total, left = total + len(mutants), left + len(survivors)
    report("all", total, left)
    gc.unfreeze()  # or libraries complain of what is never freed


def report(title: str, number: int, survivors: int) -> None:
    found = number - survivors
    print(f"{title:<26}{found:>5} of {number:>4} noticed  {found / number:.1%}", flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        main()
