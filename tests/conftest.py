"""What is set before anything is imported, and what is said of tests that were skipped."""

import gc
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from accelerate import Accelerator

pytest_plugins = ["tests.projects", "tests.recording_tracker"]

# of the user, the terminal and the machine: none may decide how a test ends
_FOREIGN = (
    *("WANDB_", "KAGGLE_", "XDG_", "HF_", "TORCH", "PYTORCH_", "CUDA_", "ACCELERATE_", "NCCL_"),
    *("MASTER_", "LOCAL_", "RANK", "WORLD_SIZE", "OMP_", "MKL_", "GIT_", "MPL", "LC_", "LANG"),
    *("NETRC", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_", "JUPYTER_", "FOLDLINE_M"),
    # what `make test` was given, and would hand to the make of a test
    *("MAKE", "MFLAGS", "http_proxy", "https_proxy", "all_proxy", "HTTP_", "HTTPS_", "ALL_PROXY"),
)
_OURS = {
    # the networks of the tests are too small to gain from several threads, and lose by waiting
    "OMP_NUM_THREADS": "1",
    # a GPU computes otherwise than the processor, and not the same every time
    "ACCELERATE_USE_CPU": "true",
    # what a test starts, and pytest's own processes, speak UTF-8 whatever the locale at hand
    **{"LC_ALL": "C", "PYTHONUTF8": "1", "TERM": "xterm-256color"},
    "TZ": "TST-05:45",  # far from UTC, so that a time taken for it is noticed everywhere
}


def _leave_home() -> str:
    """Forget what the user has set, and move into an empty home; return it."""
    if "NO_COLOR" in os.environ or "FORCE_COLOR" in os.environ:
        os.environ.setdefault("PY_COLORS", "0" if os.environ.get("NO_COLOR") else "1")  # of pytest
    for name in [name for name in os.environ if name.startswith(_FOREIGN)]:
        del os.environ[name]
    home = tempfile.mkdtemp(prefix="foldline-tests-")
    os.environ.update(_OURS, HOME=home, MPLCONFIGDIR=f"{home}/matplotlib")
    time.tzset()
    return home


# pytest's other processes have the environment of the first one
_home = None if "PYTEST_XDIST_WORKER" in os.environ else _leave_home()
# what is imported stays: looking for garbage in it again and again, while the tests are collected
# and run, is a sixth of all their time
gc.disable()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("foldline")
    group.addoption(
        "--precision",
        choices=("fp32", "bf16"),
        help="what train.precision=auto finds the processor to compute in",
    )
    group.addoption(
        "--require",
        action="append",
        default=[],
        metavar="NEED",
        help="fail where a test was skipped for want of this, such as Chromium",
    )


@pytest.fixture(autouse=True, scope="session")
def _found_precision(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have the processor say that it computes in `--precision`."""
    found = request.config.getoption("precision")
    with pytest.MonkeyPatch.context() as patch:
        if found:
            capabilities = {"avx512_bf16": found == "bf16"}
            patch.setattr("torch.cpu.get_capabilities", lambda: capabilities)
        yield


@pytest.fixture(autouse=True, scope="module")
def _own_accelerator() -> Iterator[None]:
    """Accelerate keeps the precision of the first training for the whole process."""
    yield
    if state := sys.modules.get("accelerate.state"):
        state.AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(scope="module")
def accelerator() -> "Accelerator":
    """Compute in fp32 on the processor, whatever was computed in before."""
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    return Accelerator(cpu=True, mixed_precision="no")


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _list_required(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say in one line what was skipped and how to get it."""
    if skipped := _count_skipped(config):
        reasons = ", ".join(f"{reason} {number}" for reason, number in skipped.items())
        terminalreporter.write_line(f"skipped {skipped.total()}: {reasons}")
    for reason in _list_required(config):
        terminalreporter.write_line(
            f"failed, as tests were skipped that --require asks for: {reason}"
        )


def _count_skipped(config: pytest.Config) -> Counter[str]:
    """Reasons of skipped tests, the most frequent first; none but in pytest's first process."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reports = reporter.stats.get("skipped", []) if reporter else []
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in reports)
    return Counter(dict(reasons.most_common()))


def _list_required(config: pytest.Config) -> list[str]:
    required = tuple(config.getoption("require"))
    return [reason for reason in _count_skipped(config) if required and reason.startswith(required)]


def pytest_unconfigure() -> None:
    # pytest and the libraries look for what was left open, among everything
    gc.enable()
    gc.unfreeze()
    if _home:
        shutil.rmtree(_home, ignore_errors=True)
