import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from tests.written_runs import build_prepared

from foldline.data.prepared import Prepared
from foldline.errors import UserError
from foldline.submitting.truth import load_truth

NAMES = ("cat", "쥐", "dog")


def decompose(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def build(
    ids: Sequence[str] = ("가", "b", "c"),
    paths: Sequence[str] = ("eval/pictures/가.jpg", "eval/pictures/b.jpg", ""),
    values: tuple[int | str, ...] = (0, 1, 2),
) -> Prepared:
    return replace(
        build_prepared(),
        test=pd.DataFrame({"id": list(ids), "path": list(paths)}),
        class_names=NAMES,
        submission_columns=("번호", "label"),
        submission_values=values,
        settings={"data.test_dir": "eval/pictures"},
    )


def write(root: Path, content: str) -> Path:
    path = root / "truth.csv"
    path.write_text(content, encoding="utf-8")
    return path


def draw(root: Path, *names: str) -> Path:
    for name in names:
        (root / "truth" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "truth" / name).touch()
    return root / "truth"


@pytest.mark.parametrize("answers", [("2", "0", "1"), ("dog", "cat ", decompose("쥐"))])
def test_a_table_in_any_order_and_spelling(answers: Sequence[str], tmp_path: Path) -> None:
    rows = zip(("c", "b ", decompose("가")), answers, ("p1", "p2", "p3"), strict=True)
    lines = [f"{decompose('번호')}, label,group", *map(",".join, rows), "", "d,elsewhere,p4", ""]
    truth = load_truth(write(tmp_path, "\n".join(lines)), build())
    assert truth["id"].tolist() == ["가", "b", "c"]
    assert truth["label"].tolist() == [1, 0, 2]
    assert truth["group"].tolist() == ["p3", "p2", "p1"]


def test_an_id_in_its_own_spelling_comes_before_another(tmp_path: Path) -> None:
    path = write(tmp_path, "번호,label\na ,1\na,2\n")
    truth = load_truth(path, build(["a", "a "], ["", ""]))
    assert truth["label"].tolist() == [2, 1]
    assert "group" not in truth
    with pytest.raises(UserError, match="'a  ' comes more than once, in lines 2 and 3"):
        load_truth(path, build(["a  "], [""]))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("id,label\n", "expected the columns 번호,label; found id,label"),
        ("번호,label\n가,1\n", "no answer for 2 ids, such as b"),
        ("번호,label\n가,1\nb,0\nc,lion\n", r"1 \('lion' in line 4\); expected 0, 1, 2"),
        ("번호,label\n가,1\nb,\nc,0\n", r"answers that are no class: 1 \('' in line 3\)"),
        ("번호,label\n가,cat\nb,bear\nc,dog\n", "'bear' in line 3.* expected cat, 쥐, dog"),
        ("번호,label\n가,1\nb,0,0\nc,0\n", "line 3: expected 2 cells"),
        ("번호,label\n가,1\n가,1\nb,0\nc,0\n", "'가' comes more than once, in lines 2 and 3"),
    ],
)
def test_a_faulty_table_is_refused_by_what_it_says(
    content: str, fault: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=f"^infer.truth: .*{fault}"):
        load_truth(write(tmp_path, content), build())


def test_a_labelled_folder_in_any_spelling(tmp_path: Path) -> None:
    folder = draw(
        tmp_path, f"{decompose('쥐')}/{decompose('가')}.jpg", "cat/B.png", "dog/deep/c.jpg"
    )
    truth = load_truth(folder, build())
    assert truth["id"].tolist() == ["가", "b", "c"]
    assert truth["label"].tolist() == [1, 0, 2]
    assert list(truth) == ["id", "label"]


def test_a_labelled_folder_of_values_and_of_nested_pictures(tmp_path: Path) -> None:
    folder = draw(tmp_path, "14/a/1.jpg", "0/b/1.jpg", "1/2.jpg")
    paths = ["eval/pictures/a/1.jpg", "eval/pictures/b/1.jpg", "eval/pictures/2.jpg"]
    prepared = build(["x/1", "y/1", "z/2"], paths, values=(0, 1, 14))
    assert load_truth(folder, prepared)["label"].tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        (["쥐/가.jpg", "cat/b.jpg"], "no answer for 1 id, such as c"),
        (
            ["쥐/가.jpg", "lion/b.jpg", "cat/c.jpg"],
            r"1 \('lion' in lion/b\.jpg\); expected cat, 쥐",
        ),
        (["쥐/가.jpg", "cat/b.jpg", "dog/b.jpg"], r"id b\.jpg may mean cat/b\.jpg or dog/b\.jpg"),
        (
            ["가.jpg", "b.jpg", "c.jpg"],
            r"가\.jpg: expected a picture inside the folder of its class",
        ),
    ],
)
def test_a_faulty_folder_is_refused(names: Sequence[str], fault: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"^infer.truth: .*{fault}"):
        load_truth(draw(tmp_path, *names), build())


@pytest.mark.parametrize("name", ["none", "x" * 300])
def test_neither_file_nor_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"^infer\.truth: .*{name}: no such file or folder$"):
        load_truth(tmp_path / name, build())
