"""What every test needs before torch is imported."""

import gc
import os

# the networks of the tests are too small to gain from several threads, and lose by waiting for them
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_finish() -> None:
    """What the tests have imported stays to the end: no garbage is looked for in it."""
    gc.freeze()
