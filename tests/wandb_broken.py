"""A module named wandb, found before the real one, that breaks at one place."""

import os
from pathlib import Path

import pytest

_BEGUN = """
class errors: CommError = OSError
class Run:
    class settings: _offline = True
    def define_metric(self, *_, **__): pass
    def _log_artifact(self, *_, **__): pass
    def log(self, *_, **__): raise RuntimeError('the log is broken')
    def finish(self, **_): pass
class Artifact:
    def __init__(self, *_, **__): pass
    def add_file(self, *_, **__): pass
def login(**_): return True
def Settings(**_): return None
def init(**_): return Run()
"""

BROKEN = {
    "import": "raise ImportError('no module named wandb_core')",
    "init": f"{_BEGUN}\ndef init(**_): raise RuntimeError('broken\\nhere')",
    "log": _BEGUN,
    "exit": "import os; os._exit(3)",
    "hang": "import time; time.sleep(60)",
}


def break_wandb(folder: Path, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes that this one starts find the module of `BROKEN[where]` in `folder`."""
    folder.mkdir()
    (folder / "wandb.py").write_text(BROKEN[where])
    paths = [str(folder), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
