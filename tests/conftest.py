"""What every test needs before torch is imported, and what all of them together cost."""

import gc
import os

# the networks of the tests are too small to gain from several threads, and lose by waiting for them
os.environ.setdefault("OMP_NUM_THREADS", "1")
# what is imported stays: looking for garbage in it, while the tests are collected and after each
# of them, is a sixth of all their time
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    gc.unfreeze()
