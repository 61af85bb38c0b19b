"""What a test may need that a bare machine lacks; the reason says how to get it.

The tests' last line counts skipped tests by these reasons, and `--require` knows them by how they
begin.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.browser import CHROMIUM

from foldline.submitting import kaggle_client

PATHS = Path(os.environ.get("FOLDLINE_DATA") or "/nowhere") / "mask_train_paths.csv"

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium (apt install chromium)")
needs_data = pytest.mark.skipif(
    not PATHS.is_file(),
    reason=f"the real competition's paths (FOLDLINE_DATA=<folder with {PATHS.name}>)",
)
needs_kaggle = pytest.mark.skipif(
    find_spec("kaggle") is None or find_spec("six") is None,
    reason=f"Kaggle's client ({kaggle_client._INSTALL})",
)


@contextmanager
def unreadable(folder: Path) -> Iterator[None]:
    """Make `folder` one that may not be read while the block lasts; skip where all may be."""
    folder.chmod(0)
    try:
        try:
            list(folder.iterdir())
        except PermissionError:
            yield
        else:
            pytest.skip("a user who may not read every folder (not root)")
    finally:
        folder.chmod(0o700)
