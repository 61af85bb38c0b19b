import os

import pytest

from foldline.cores import count_cores, map_in_processes


def test_cores_are_those_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 8}, raising=False)
    assert count_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert count_cores() == 1


def test_processes_return_results_in_order_and_raise_what_was_raised_in_them() -> None:
    assert list(map_in_processes(abs, [-3, 2, -1], 2)) == [3, 2, 1]
    with pytest.raises(ValueError, match="invalid literal"):
        list(map_in_processes(int, ["1", "x"], 2))
