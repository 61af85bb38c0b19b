"""The folder of the drawn competition."""

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from foldline.errors import UserError
from foldline.synthetic import competition
from foldline.synthetic.competition import draw_competition, identify, is_drawn, name_eval_picture
from foldline.synthetic.faces import SHOTS
from foldline.synthetic.people import cast_people, compute_label

SIZE = {"people": 6, "eval_people": 2, "seed": 0}


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_all(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw six people to train on and two others, in this process."""
    root = tmp_path_factory.mktemp("inputs") / "sample"
    draw_competition(root, **SIZE, processes=1)
    return root


@pytest.fixture
def plain_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save grey pictures instead of faces where only the folder matters."""
    plain = [Image.new("RGB", (4, 4), (90, 90, 90)) for _ in SHOTS]
    monkeypatch.setattr(competition, "draw_person", lambda person, *, seed: plain)


def test_train_table_and_folders_agree(drawn: Path) -> None:
    rows = read_rows(drawn / "train/train.csv")
    assert list(rows[0]) == ["id", "gender", "race", "age", "path"]
    assert len(rows) == 6
    for row in rows:
        assert row["path"] == "_".join((row["id"], row["gender"], row["race"], row["age"]))
        folder = drawn / "train/images" / row["path"]
        pictures = [path for path in folder.iterdir() if not path.name.startswith(".")]
        assert {path.stem for path in pictures} == set(SHOTS)
        assert {path.suffix for path in pictures} <= {".jpg", ".jpeg", ".png"}
        for path in pictures:
            with Image.open(path) as image:
                assert image.size == (384, 512)
                assert image.format == ("PNG" if path.suffix == ".png" else "JPEG")


def test_one_id_names_two_people_and_one_has_a_suffix(drawn: Path) -> None:
    rows = read_rows(drawn / "train/train.csv")
    ids = [row["id"] for row in rows]
    assert len(ids) - len(set(ids)) == 1
    assert len({row["path"] for row in rows}) == len(rows)
    assert sum(id_.endswith("-1") for id_ in ids) == 1


@pytest.mark.parametrize(("people", "seed"), [(18, 0), (18, 1), (120, 0), (120, 5)])
def test_folders_never_collide(people: int, seed: int) -> None:
    identities = identify(cast_people(people, seed=seed, split="train"))
    assert len({identity.name for identity in identities}) == people
    assert len({identity.id for identity in identities}) == people - 1


def test_truth_is_what_was_drawn_in_the_order_of_the_submission(drawn: Path) -> None:
    info, truth = read_rows(drawn / "eval/info.csv"), read_rows(drawn / "eval/truth.csv")
    assert list(info[0]) == list(truth[0]) == ["ImageID", "ans"]
    assert [row["ImageID"] for row in info] == [row["ImageID"] for row in truth]
    assert {row["ans"] for row in info} == {"0"}
    pictures = {path.name for path in (drawn / "eval/images").iterdir()}
    assert {row["ImageID"] for row in info} == pictures
    assert all(len(Path(name).stem) == 40 and int(Path(name).stem, 16) for name in pictures)
    expected = {
        name_eval_picture(one, shot, seed=0): str(compute_label(shot, one.gender, one.age))
        for one in cast_people(2, seed=0, split="eval")
        for shot in SHOTS
    }
    assert {row["ImageID"]: row["ans"] for row in truth} == expected
    # rows are shuffled: neither by person and shot nor by name
    order = [row["ImageID"] for row in info]
    assert order not in (list(expected), sorted(order))


def test_clutter_lies_between_the_pictures(drawn: Path) -> None:
    hidden = list(drawn.glob("train/images/*/._*.jpg"))
    assert hidden
    with pytest.raises(OSError, match="cannot identify"):
        Image.open(hidden[0])
    copies = [*drawn.glob("train/images/*/.ipynb_checkpoints/*")]
    assert copies
    with Image.open(copies[0]) as image:
        assert image.size == (384, 512)


def test_same_bytes_with_two_processes(drawn: Path, tmp_path: Path) -> None:
    draw_competition(tmp_path / "sample", **SIZE, processes=2)
    assert read_all(tmp_path / "sample") == read_all(drawn)
    assert [path.name for path in tmp_path.iterdir()] == ["sample"]


@pytest.mark.usefixtures("plain_pictures")
def test_endings_are_mixed_as_in_the_real_one(tmp_path: Path) -> None:
    draw_competition(tmp_path / "sample", people=120, eval_people=2, seed=0, processes=1)
    endings = [path.suffix for path in tmp_path.glob("sample/train/images/*/[!.]*")]
    assert len(endings) == 840
    assert 0.01 <= endings.count(".png") / 840 <= 0.05
    assert 0.005 <= endings.count(".jpeg") / 840 <= 0.04


@pytest.mark.usefixtures("plain_pictures")
def test_another_seed_replaces_what_we_drew(tmp_path: Path) -> None:
    root = tmp_path / "sample"
    draw_competition(root, **SIZE, processes=1)
    before = read_all(root)
    assert is_drawn(root, **SIZE)
    assert not is_drawn(root, **{**SIZE, "seed": 1})
    draw_competition(root, **{**SIZE, "seed": 1}, processes=1)
    assert is_drawn(root, **{**SIZE, "seed": 1})
    assert read_all(root)["eval/info.csv"] != before["eval/info.csv"]
    assert [path.name for path in tmp_path.iterdir()] == ["sample"]


@pytest.mark.usefixtures("plain_pictures")
def test_a_failure_leaves_the_old_one_whole_and_no_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "sample"
    draw_competition(root, **SIZE, processes=1)
    before = read_all(root)

    def fail(*arguments: object, **settings: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(competition, "write_json", fail)
    with pytest.raises(OSError, match="disk full"):
        draw_competition(root, **{**SIZE, "seed": 1}, processes=1)
    assert read_all(root) == before
    with pytest.raises(OSError, match="disk full"):
        draw_competition(tmp_path / "other", **SIZE, processes=1)
    assert [path.name for path in tmp_path.iterdir()] == ["sample"]


@pytest.mark.parametrize("marker", [None, "not json", "[1]", json.dumps({"drawn_by": "me"})])
def test_a_folder_that_is_not_ours_is_left_alone(tmp_path: Path, marker: str | None) -> None:
    root = tmp_path / "sample"
    root.mkdir()
    (root / "precious.jpg").write_bytes(b"mine")
    if marker is not None:
        (root / "sample.json").write_text(marker, encoding="utf-8")
    before = read_all(root)
    with pytest.raises(UserError, match="will not overwrite"):
        draw_competition(root, **SIZE, processes=1)
    assert read_all(root) == before


@pytest.mark.usefixtures("plain_pictures")
def test_a_link_to_another_disk_stays_one(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    root = tmp_path / "sample"
    root.symlink_to(tmp_path / "disk")
    for seed in (0, 1):
        draw_competition(root, people=6, eval_people=2, seed=seed, processes=1)
        assert root.is_symlink()
        assert is_drawn(tmp_path / "disk", people=6, eval_people=2, seed=seed)
    assert {path.name for path in tmp_path.iterdir()} == {"disk", "sample"}


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    assert not is_drawn(tmp_path, **SIZE)
