"""What `conftest.py` promises: nothing of the user's decides, and what was skipped is said."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEST = """\
import os
import pytest
from pathlib import Path

def test_of_the_user() -> None:
    assert not list(Path.home().glob(".*"))
    for name in ("WANDB_MODE", "KAGGLE_KEY", "TORCH_HOME", "XDG_CACHE_HOME", "https_proxy"):
        assert name not in os.environ
    assert os.environ["TZ"] == "TST-05:45"

@pytest.mark.skip(reason="Chromium (here)")
@pytest.mark.parametrize("time", range(2))
def test_of_a_browser(time: int) -> None:
    pass

@pytest.mark.skip(reason="a font (there)")
def test_of_a_font() -> None:
    pass
"""
USER = {
    **{"WANDB_MODE": "online", "KAGGLE_KEY": "x", "TORCH_HOME": "/x", "XDG_CACHE_HOME": "/x"},
    **{"https_proxy": "http://127.0.0.1:9", "TZ": "Asia/Seoul", "HOME": "/nonexistent"},
}


def test_the_users_settings_are_left_behind_and_skipped_tests_are_said(tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    for name in ("tests/conftest.py", "pyproject.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    for plugin in ("projects.py", "recording_tracker.py"):
        (folder / plugin).write_text("", encoding="utf-8")
    (folder / "test_it.py").write_text(TEST, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", "--require", "Chromium"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTEST_XDIST_WORKER"}
        | USER,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "skipped 3: Chromium (here) 2, a font (there) 1\n" in done.stdout, done.stdout
    assert "--require asks for: Chromium (here)\n" in done.stdout
    assert "1 failed" not in done.stdout
    assert done.returncode == 1


def test_times_are_the_same_everywhere() -> None:
    assert time.localtime(0)[3:5] == (5, 45)
