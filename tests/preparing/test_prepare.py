import io
import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image

from foldline.config.recipe import load_config
from foldline.data.prepared import load_prepared
from foldline.errors import UserError
from foldline.preparing.prepare import run_prepare
from foldline.runs.table_settings import check_settings

SHOTS = ("mask1", "mask2", "mask3", "mask4", "mask5", "incorrect_mask", "normal")
PEOPLE = [
    f"{number:06d}_{gender}_Asian_{age}"
    for number, (gender, age) in enumerate(
        [(gender, age) for gender in ("male", "female") for age in (20, 40, 58, 60)] * 2
    )
]


def encode() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (6, 8), (200, 150, 120)).save(stream, "JPEG")
    return stream.getvalue()


PICTURE = encode()


def write(path: Path, content: bytes | str = PICTURE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a small mask competition under inputs/mask of an empty working directory."""
    monkeypatch.chdir(tmp_path)
    root = Path("inputs/mask")
    rows = ["id,gender,race,age,path"]
    for person in PEOPLE:
        rows.append(",".join([*person.split("_"), person]))
        for shot in SHOTS:
            write(root / "train/images" / person / f"{shot}.jpg")
    write(root / "train/train.csv", "\n".join(rows))
    write(root / "eval/info.csv", "ImageID,ans\nb.jpg,0\na.jpg,0\n")
    for name in ("a.jpg", "b.jpg"):
        write(root / "eval/images" / name)
    return root


def prepare(*overrides: str) -> Path:
    config = load_config(None, ["folds.number=2", *overrides])
    run_prepare(config)
    return config.prepared_dir


def test_the_tables_hold_the_competition(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = prepare()
    prepared = load_prepared(directory)
    assert directory == Path("outputs/prepared/mask")
    assert len(prepared.train) == 7 * len(PEOPLE)
    assert prepared.train["path"].is_monotonic_increasing
    assert (prepared.train.groupby("group")["fold"].nunique() == 1).all()
    assert prepared.train["label"].equals(prepared.train["train_label"].astype("int64"))
    assert prepared.test["id"].tolist() == ["b.jpg", "a.jpg"]
    assert prepared.test["path"].tolist() == ["eval/images/b.jpg", "eval/images/a.jpg"]
    assert prepared.submission_columns == ("ImageID", "ans")
    assert prepared.submission_values == tuple(range(18))
    assert (prepared.num_folds, len(prepared.class_names)) == (2, 18)
    check_settings(prepared, load_config(None, ["folds.number=2"]))
    printed, warned = capsys.readouterr()
    assert warned == ""
    assert all(len(line) <= 100 for line in printed.splitlines())
    assert "wear-male-<30" in printed
    assert f"written    {directory}  seal {prepared.seal[:12]}" in printed
    assert printed.endswith("next       foldline train\n")


def test_the_summary_counts_what_the_table_holds(root: Path) -> None:
    summary = json.loads((prepare() / "summary.json").read_text())
    oldest = summary["classes"][2]
    assert (oldest["name"], oldest["groups"], oldest["images"]) == ("wear-male-60+", 2, 10)
    assert oldest["fold_groups"] == [1, 1]
    assert oldest["fold_images"] == [5, 5]
    assert (summary["num_groups"], summary["num_images"], summary["num_test"]) == (16, 112, 2)
    assert summary["rejected"] == {}
    assert summary["parts"]["gender"] == ["male", "female"]


def test_again_is_unchanged_and_changed_says_what_it_replaces(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = prepare()
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    seal = load_prepared(directory).seal
    prepare()
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before
    assert f"unchanged  {directory}" in capsys.readouterr().out
    for run, of in (("old", seal), ("other", "0" * 64)):
        write(Path(f"outputs/runs/{run}/environment.json"), json.dumps({"seal": of}))
    prepare("data.train_age_cut=58")
    printed = capsys.readouterr().out
    assert f"replaces   seal {seal[:12]}; made on it: old\n" in printed
    assert "folds and scoring labels are the same" in printed
    prepare("folds.seed=1")
    printed = capsys.readouterr().out
    assert "no run was made on it" in printed
    assert "are the same" not in printed


def test_a_test_picture_more_is_no_unchanged_table(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare()
    write(root / "eval/info.csv", "ImageID,ans\na.jpg,0\nb.jpg,0\n")
    prepare()
    assert "the training table is the same" in capsys.readouterr().out


def test_bad_pictures_are_left_out_listed_and_counted(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = root / "train/images"
    write(images / PEOPLE[0] / "mask1.jpg", b"")
    write(images / PEOPLE[0] / "mask2.jpg", PICTURE[:-2])
    write(images / PEOPLE[1] / "holiday.jpg")
    write(images / PEOPLE[1] / "._mask1.jpg", b"x")
    directory = prepare()
    assert len(load_prepared(directory).train) == 7 * len(PEOPLE) - 2
    assert (directory / "rejected.csv").read_text().splitlines() == [
        "path,reason,detail",
        f"train/images/{PEOPLE[0]}/mask1.jpg,zero-byte,",
        f"train/images/{PEOPLE[0]}/mask2.jpg,truncated,no end marker in {len(PICTURE) - 2} bytes",
        f'train/images/{PEOPLE[1]}/holiday.jpg,bad name,"expected a shot mask1 … mask5, '
        'incorrect_mask or normal"',
    ]
    printed = capsys.readouterr().out
    assert "left out   1 bad name, 1 truncated, 1 zero-byte; named in " in printed
    assert "skipped    1 hidden\n" in printed


def test_bad_pictures_stop_where_they_shall(root: Path) -> None:
    for person in PEOPLE[:12]:
        write(root / "train/images" / person / "mask1.jpg", b"")
    with pytest.raises(UserError) as error:
        prepare("data.on_bad_image=fail")
    assert len(error.value.faults) == 11
    assert error.value.faults[0] == f"inputs/mask/train/images/{PEOPLE[0]}/mask1.jpg: zero-byte"
    assert error.value.faults[-1].startswith("bad pictures, in all: 12; ")
    assert not Path("outputs").exists()


def test_decoding_finds_what_headers_do_not(root: Path) -> None:
    stream = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(stream, "PNG")
    content = bytearray(stream.getvalue())
    middle = len(content) // 2
    content[middle : middle + 400] = bytes(400)
    write(root / "train/images" / PEOPLE[0] / "mask1.png", bytes(content))
    assert len(load_prepared(prepare()).train) == 7 * len(PEOPLE) + 1
    assert len(load_prepared(prepare("data.verify=decode")).train) == 7 * len(PEOPLE)


def test_test_pictures_that_cannot_be_read_keep_their_rows(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(root / "eval/info.csv", "ImageID,ans\nb.jpg,0\ngone.jpg,0\na.jpg,0\n")
    write(root / "eval/images/b.jpg", b"broken")
    write(root / "eval/images/extra.jpg")
    directory = prepare("data.on_bad_image=fail")
    assert load_prepared(directory).test["path"].tolist() == ["", "", "eval/images/a.jpg"]
    warned = capsys.readouterr().err
    guessed = "answered by the most frequent class"
    assert f"test ids without a picture, {guessed}: 1 (gone.jpg)" in warned
    assert f"unreadable test pictures, {guessed}: 1 (b.jpg)" in warned
    assert "inputs/mask/eval/info.csv does not ask for: 1\n" in warned
    assert "eval/images/b.jpg,unreadable" in (directory / "rejected.csv").read_text()


def test_without_the_order_of_the_submission_nothing_is_answered(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "eval/info.csv").unlink()
    assert load_prepared(prepare()).test.empty
    assert "inputs/mask/eval/info.csv is missing" in capsys.readouterr().err


def test_the_list_of_people_is_compared(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (root / "train/train.csv").open("a") as file:
        file.write("\n9,male,Asian,20,9_male_Asian_20\n")
    prepare()
    expected = "warning: people in train.csv without pictures: 1 (9_male_Asian_20)\n"
    assert capsys.readouterr().err == expected


def test_training_labels_change_and_scoring_labels_stay(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = load_prepared(prepare())
    write(Path("rows.csv"), f"target,part,value\n{PEOPLE[0]},gender,female\nother,age,60\n")
    changed = load_prepared(prepare("data.corrections=rows.csv", "data.train_age_cut=58"))
    kept = ["path", "group", "age", "label", "fold"]
    assert changed.train[kept].equals(plain.train[kept])
    assert changed.scoring_seal == plain.scoring_seal
    assert changed.seal != plain.seal
    differs = changed.train["train_label"] != changed.train["label"]
    assert set(changed.train.loc[differs, "group"]) == {
        PEOPLE[0],
        *(person for person in PEOPLE if person.endswith("58")),
    }
    printed = capsys.readouterr().out
    assert "training   7 pictures relabelled by rows.csv; 1 of its rows match nothing" in printed
    assert "training   28 pictures trained as the oldest class" in printed


def test_corrections_of_other_data_are_off_and_say_so(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = load_prepared(prepare())
    write(Path("rows.csv"), "target,part,value\nother,gender,female\n")
    assert load_prepared(prepare("data.corrections=rows.csv")).seal == plain.seal
    assert "corrections are off: none of rows.csv" in capsys.readouterr().out


def test_rare_classes_are_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepare("folds.number=3")
    warned = capsys.readouterr().err
    assert "fewer groups than the 3 folds: wear-male-<30 (2), " in warned
    assert "and 6 more" in warned


def test_many_folds_fit_the_screen(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepare("folds.number=8")
    printed = capsys.readouterr().out
    assert "people a fold" in printed
    assert "2–2" in printed


def test_a_holdout_keeps_the_rest_for_training(root: Path) -> None:
    prepared = load_prepared(prepare("folds.kind=holdout"))
    assert prepared.num_folds == 1
    assert set(prepared.train["fold"]) == {0, -1}


def test_one_folder_a_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for label in ("ants", "bees"):
        for number in range(4):
            write(Path(f"inputs/insects/train/{label}/{number}.jpg"))
    for number in (1, 2, 10):
        write(Path(f"inputs/insects/test/{number}.jpg"))
    arguments = ("data.root=inputs/insects", "data.scheme=folder")
    prepared = load_prepared(prepare(*arguments))
    assert prepared.class_names == ("ants", "bees")
    assert prepared.test["id"].tolist() == ["1", "2", "10"]
    assert prepared.submission_columns == ("id", "label")
    assert prepared.submission_values == (0, 1)
    write(Path("inputs/insects/sample_submission.csv"), "img,cls\n10,ants\n2,ants\n")
    prepared = load_prepared(prepare(*arguments))
    assert prepared.test["id"].tolist() == ["10", "2"]
    assert prepared.submission_columns == ("img", "cls")
    assert prepared.submission_values == ("ants", "bees")
    assert (
        "pictures in inputs/insects/test that inputs/insects/sample_submission.csv"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("setting", "name", "key"),
    [
        ("data.train_dir=train", "ants", "train_dir"),
        ("data.train_dir=.", "train", "train_dir"),
        ("data.scheme=filename", "picture", "pattern"),
    ],
)
def test_one_class_is_nothing_to_tell_apart(
    setting: str, name: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for number in (1, 2):
        write(Path(f"inputs/insects/train/ants/picture.{number}.jpg"))
    with pytest.raises(UserError, match=f"are of one class, {name}, .* see data.{key}"):
        prepare("data.root=inputs/insects", "data.scheme=folder", setting)
    assert not Path("outputs").exists()


def test_test_pictures_below_the_classes_are_no_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ants/1.jpg", "ants/2.jpg", "bees/3.jpg", "test/4.jpg"):
        write(Path("inputs/insects") / name)
    arguments = ("data.root=inputs/insects", "data.scheme=folder", "data.train_dir=.")
    prepared = load_prepared(prepare(*arguments))
    assert prepared.class_names == ("ants", "bees")
    assert prepared.test["path"].tolist() == ["test/4.jpg"]


def test_labels_in_file_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(4):
        write(Path(f"inputs/pets/train/cat.{number}.jpg"))
        write(Path(f"inputs/pets/train/dog.{number}.jpg"))
    write(Path("inputs/pets/test1/7.jpg"))
    prepared = load_prepared(
        prepare("data.root=inputs/pets", "data.scheme=filename", "data.test_dir=test1")
    )
    assert prepared.train["label"].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert prepared.test["path"].tolist() == ["test1/7.jpg"]


def spell(text: str, form: Literal["NFC", "NFD"]) -> str:
    return unicodedata.normalize(form, text)


@pytest.mark.parametrize("disk", ["NFC", "NFD"])
def test_folders_and_ids_are_found_in_the_spelling_of_the_disk(
    disk: Literal["NFC", "NFD"],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    typed: Literal["NFC", "NFD"] = "NFD" if disk == "NFC" else "NFC"
    for name in ("학습/고양이/1.jpg", "학습/고양이/2.jpg", "학습/개/3.jpg", "학습/개/4.jpg"):
        write(Path("inputs/d") / spell(name, disk))
    for name in ("검증/고양이/5.jpg", "검증/개/6.jpg", "시험/가나.jpg", "시험/각하.jpg"):
        write(Path("inputs/d") / spell(name, disk))
    ids = [spell("각하", typed), spell("가나", typed)]
    write(
        Path("inputs/d") / spell("제출.csv", disk),
        f"id,label\n{ids[0]},{spell('개', typed)}\n{ids[1]},\n",
    )
    keys = ["data.train_dir=학습", "data.test_dir=시험", "data.valid_dir=검증"]
    keys += ["data.sample_file=제출.csv", "folds.kind=given"]
    spelled = [spell(key, typed) for key in keys]
    prepared = load_prepared(prepare("data.root=inputs/d", "data.scheme=folder", *spelled))
    assert prepared.class_names == ("개", "고양이")
    assert prepared.submission_values == (spell("개", typed), spell("고양이", typed))
    assert prepared.test["id"].tolist() == ids
    paths = [*prepared.train["path"], *prepared.test["path"]]
    assert len(paths) == 8
    assert all((Path("inputs/d") / path).is_file() for path in paths)
    printed, warned = capsys.readouterr()
    assert "ids        2 matched by name in another spelling\n" in printed
    assert warned == ""


def test_one_person_in_two_spellings_is_in_one_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for person in ("가영", "나은", "다희", "라온"):
        for number, form in enumerate(("NFC", "NFD")):
            for label in ("x", "y"):
                write(Path("inputs/d/train") / spell(f"{label}_{person}_{number}.jpg", form))  # type: ignore[arg-type]
    pattern = 'data.pattern="{label}_{group}_{id}"'
    train = load_prepared(prepare("data.root=inputs/d", "data.scheme=filename", pattern)).train
    assert sorted(set(train["group"])) == ["가영", "나은", "다희", "라온"]
    assert (train.groupby("group")["fold"].nunique() == 1).all()


@pytest.fixture
def insects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Make three ants and two bees to train on, two of each to validate; return the overrides."""
    monkeypatch.chdir(tmp_path)
    for folder, counts in (("train", {"ants": 3, "bees": 2}), ("val", {"ants": 2, "bees": 2})):
        for label, count in counts.items():
            for number in range(count):
                write(Path(f"inputs/insects/{folder}/{label}/{number}.jpg"))
    return ("data.root=inputs/insects", "data.scheme=folder")


GIVEN = ("folds.kind=given", "data.valid_dir=val")


def test_a_class_of_which_no_picture_can_be_used_is_refused(insects: tuple[str, ...]) -> None:
    """Or its pictures would all be answered wrongly, with the best of scores."""
    for number in (0, 1):
        write(Path(f"inputs/insects/train/bees/{number}.jpg"), b"")
    with pytest.raises(UserError, match=r"no picture can be used: 1 \(bees\); .* 2 zero-byte"):
        prepare(*insects)


def test_many_test_pictures_that_cannot_be_read_are_told_loudly(
    insects: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(6):
        write(Path(f"inputs/insects/test/{number}.jpg"), *[b""] * (number > 2))
    prepare(*insects)
    assert "MANY TEST PICTURES CANNOT BE READ: 3 of 6, such as '3'" in capsys.readouterr().err


def test_other_answers_on_the_same_tables_are_told(
    insects: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    write(Path("inputs/insects/test/0.jpg"))
    prepare(*insects)
    prepare(*insects)
    assert "unchanged  outputs/prepared/insects" in capsys.readouterr().out
    prepare(*insects, "data.submission_labels=names")
    assert "replaces   what a submission says for each class" in capsys.readouterr().out


def test_a_given_validation_folder_is_the_only_fold(
    insects: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    prepared = load_prepared(prepare(*insects, *GIVEN))
    assert prepared.num_folds == 1
    assert prepared.train["path"].is_monotonic_increasing
    is_valid = prepared.train["path"].str.startswith("val/")
    assert prepared.train["fold"].tolist() == [0 if valid else -1 for valid in is_valid]
    assert (is_valid.sum(), len(prepared.train)) == (4, 9)
    printed, warned = capsys.readouterr()
    assert [line.split() for line in printed.splitlines()[1:5]] == [
        ["class", "groups", "images", "trained", "on", "validated"],
        ["ants", "5", "5", "3/3", "2/2"],
        ["bees", "4", "4", "2/2", "2/2"],
        ["all", "9", "9", "5/5", "4/4"],
    ]
    assert warned == ""
    # no folds are assigned, so the settings for that make no difference
    same = ["folds.number=9", "folds.seed=3", *insects, *GIVEN]
    check_settings(prepared, load_config(None, same))


def test_later_stages_refuse_another_validation_folder(insects: tuple[str, ...]) -> None:
    prepared = load_prepared(prepare(*insects, *GIVEN))
    with pytest.raises(UserError) as error:
        check_settings(prepared, load_config(None, [*insects, *GIVEN, "data.valid_dir=dev"]))
    (fault,) = error.value.faults
    assert "prepared with data.valid_dir=val, configuration says dev" in fault
    with pytest.raises(UserError) as error:
        check_settings(prepared, load_config(None, [*insects, "data.submission_labels=names"]))
    assert {fault.split("=")[0].split()[-1] for fault in error.value.faults} >= {
        "data.valid_dir",
        "data.submission_labels",
        "folds.kind",
    }


def test_a_validation_folder_that_is_not_used_is_named_with_its_keys(
    insects: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(*insects)
    assert (
        "warning: inputs/insects/val: 4 pictures in it, not used; to score on them set "
        "folds.kind=given data.valid_dir=val\n"
    ) in capsys.readouterr().err


def test_linked_data_are_prepared_as_if_they_lay_there(
    insects: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    plain = load_prepared(prepare(*insects))
    disk = Path("disk").absolute()
    Path("inputs/insects/train").rename(disk)
    Path("inputs/insects/train").mkdir()
    (disk / "bees").rename(disk / "elsewhere")
    Path("inputs/insects/train/ants").symlink_to(disk / "ants")
    Path("inputs/insects/train/bees").symlink_to(disk / "elsewhere")
    Path("inputs/linked").symlink_to("insects")
    assert load_prepared(prepare(*insects)).seal == plain.seal
    linked = prepare("data.root=inputs/linked/", "data.scheme=folder")
    assert linked == Path("outputs/prepared/linked")
    assert load_prepared(linked).seal == plain.seal
    # a second name of a file and a way back to a folder add no pictures
    os.link(disk / "ants/0.jpg", disk / "ants/9.jpg")
    (disk / "ants/back").symlink_to(disk)
    capsys.readouterr()
    assert load_prepared(prepare(*insects)).seal == plain.seal
    assert "left out   1 link, 1 same file; named in rejected.csv" in capsys.readouterr().out


def test_one_file_in_two_classes_is_refused(insects: tuple[str, ...]) -> None:
    Path("inputs/insects/train/bees/9.jpg").symlink_to("../ants/0.jpg")
    with pytest.raises(UserError, match=r"/ants/0\.jpg and train/bees/9\.jpg are one file, in the"):
        prepare(*insects)
    assert not Path("outputs").exists()


def test_one_file_may_answer_two_ids(insects: tuple[str, ...]) -> None:
    write(Path("inputs/insects/test/1.jpg"))
    Path("inputs/insects/test/2.jpg").symlink_to("1.jpg")
    assert load_prepared(prepare(*insects)).test["path"].tolist() == ["test/1.jpg", "test/2.jpg"]


@pytest.mark.parametrize("name", ["a" * 256, "a\0b", "train/ants/0.jpg"])
@pytest.mark.parametrize("key", ["root", "train_dir", "test_dir", "valid_dir"])
def test_a_folder_that_cannot_be_is_refused(insects: tuple[str, ...], key: str, name: str) -> None:
    config = load_config(None, [*insects, *(GIVEN if key == "valid_dir" else ())])
    root = Path("inputs/insects")
    value = root / name if key == "root" else name
    data = config.data.model_copy(update={key: value})
    with pytest.raises(UserError, match=r"no competition at|no such folder|a file|name too long"):
        run_prepare(config.model_copy(update={"data": data}))
    assert not Path("outputs").exists()


def test_folders_inside_each_other_share_no_picture(insects: tuple[str, ...]) -> None:
    Path("inputs/insects/val").rename("inputs/insects/train/val")
    write(Path("inputs/insects/train/test/7.jpg"))
    given = ("folds.kind=given", "data.valid_dir=train/val", "data.test_dir=train/test")
    prepared = load_prepared(prepare(*insects, *given))
    assert prepared.class_names == ("ants", "bees")
    assert prepared.train["fold"].tolist().count(0) == 4
    assert prepared.test["id"].tolist() == ["7"]


@pytest.mark.parametrize(
    ("overrides", "fault"),
    [
        (["data.valid_dir=val"], r"^folds: data\.valid_dir=val is for folds\.kind=given, found gr"),
        (["folds.kind=given"], r"^folds: folds\.kind=given needs .*: set data\.valid_dir$"),
        ([*GIVEN, "data.valid_dir="], r"^folds: folds\.kind=given needs"),
        ([*GIVEN, "data.valid_dir=./train"], r"^data\.valid_dir: \./train is the training folder"),
        ([*GIVEN, "data.valid_dir=dev"], r"no such folder; inputs/insects holds train/, val/$"),
        ([*GIVEN, "data.valid_dir=../insects/val"], r"^data\.valid_dir: .*inside it$"),
    ],
)
def test_a_faulty_validation_folder_is_refused(
    insects: tuple[str, ...], overrides: list[str], fault: str
) -> None:
    with pytest.raises(UserError, match=fault):
        prepare(*insects, *overrides)
    assert not Path("outputs").exists()


def test_a_validation_folder_without_pictures_is_refused(insects: tuple[str, ...]) -> None:
    write(Path("inputs/insects/dev/notes.txt"))
    with pytest.raises(UserError, match=r"inputs/insects/dev: no \.jpg, .* found; 1 \.txt"):
        prepare(*insects, *GIVEN, "data.valid_dir=dev")
    write(Path("inputs/insects/dev/ants/1.jpg"), b"")
    with pytest.raises(
        UserError, match=r"insects/dev: no usable picture: 1 zero-byte; .* dev/ants"
    ):
        prepare(*insects, *GIVEN, "data.valid_dir=dev")


def test_classes_on_one_side_only(
    insects: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    write(Path("inputs/insects/train/벌, 큰/1.jpg"))
    prepare(*insects, *GIVEN)
    expected = "warning: classes of which no picture is validated: 벌, 큰\n"
    assert capsys.readouterr().err == expected
    write(Path("inputs/insects/val/wasps/1.jpg"))
    with pytest.raises(UserError, match=r"nothing to learn them from: 1 \(wasps\)"):
        prepare(*insects, *GIVEN)


def test_a_group_in_training_and_validation_is_refused_by_name(insects: tuple[str, ...]) -> None:
    for path in ("train/cat_7_1.jpg", "train/dog_8_1.jpg", "val/cat_7_2.jpg"):
        write(Path("inputs/pets") / path)
    arguments = ("data.root=inputs/pets", "data.scheme=filename")
    with pytest.raises(UserError, match=r"training folder: 1 \(7\)"):
        prepare(*arguments, *GIVEN, 'data.pattern="{label}_{group}_{id}"')
    assert not Path("outputs").exists()


def test_people_of_both_folders_are_compared_with_the_list(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for person in PEOPLE[8:]:
        (root / "train/valid").mkdir(exist_ok=True)
        (root / "train/images" / person).rename(root / "train/valid" / person)
    prepare("folds.kind=given", "data.valid_dir=train/valid")
    printed, warned = capsys.readouterr()
    assert warned == ""
    assert printed.splitlines()[1].split() == [
        "class",
        "people",
        "images",
        "trained",
        "on",
        "validated",
    ]


def test_a_holdout_that_misses_a_class_says_on_which_side(
    insects: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    write(Path("inputs/insects/train/wasps/1.jpg"))
    prepare(*insects, "folds.kind=holdout")
    warned = capsys.readouterr().err
    assert "warning: classes of which no picture is trained on: wasps\n" in warned


def test_strangers_among_the_pictures_do_not_count(
    insects: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    train = Path("inputs/insects/train")
    for name in ("moving.gif", "Thumbs.db", ".DS_Store", "._0.jpg", "desktop.ini", "NOTES"):
        write(train / "ants" / name, b"x")
    write(train / "wasps/only.webp", b"x")
    write(train / ".ipynb_checkpoints/0.jpg")
    prepared = load_prepared(prepare(*insects))
    assert prepared.class_names == ("ants", "bees")
    assert len(prepared.train) == 5
    printed, warned = capsys.readouterr()
    skipped = "1 .db, 1 .gif, 1 .ini, 1 .webp, 2 hidden, 1 in notebook checkpoints, 1 without ext"
    assert f"skipped    {skipped}" in printed
    assert "folders without a picture, which make no class: 1 (train/wasps)" in warned


def test_pictures_of_any_size_are_prepared(insects: tuple[str, ...]) -> None:
    for number, size in enumerate([(1, 1), (3, 400), (900, 20)]):
        stream = io.BytesIO()
        Image.new("L" if number else "RGBA", size).save(stream, "PNG")
        write(Path(f"inputs/insects/train/ants/odd{number}.png"), stream.getvalue())
        write(Path(f"inputs/insects/test/{number}.png"), stream.getvalue())
    prepared = load_prepared(prepare(*insects))
    assert len(prepared.train) == 8
    assert prepared.test["id"].tolist() == ["0", "1", "2"]


def test_names_and_columns_of_a_submission_may_be_chosen(
    insects: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (10, 9, 1):
        write(Path(f"inputs/insects/test/{number}.jpg"))
    chosen = ("data.submission_labels=names", "data.submission_columns=[ImageId, 종류]")
    prepared = load_prepared(prepare(*insects, *chosen))
    assert prepared.submission_values == ("ants", "bees")
    assert prepared.submission_columns == ("ImageId", "종류")
    assert prepared.test["id"].tolist() == ["1", "9", "10"]
    printed = capsys.readouterr().out
    assert "test       3 pictures in the order of their names, answered as ImageId,종류" in printed
    assert "answers    ants for ants, bees for bees" in printed
    write(Path("inputs/insects/sample_submission.csv"), "ImageId,종류\n1,0.5\n")
    prepare(*insects, *chosen)
    assert "answers with '0.5', the submission will with 'ants'" in capsys.readouterr().err
    write(Path("inputs/insects/sample_submission.csv"), "id,label\n1,0\n")
    with pytest.raises(UserError, match="leave it null"):
        prepare(*insects, *chosen)


def test_no_id_that_means_a_picture_stops(insects: tuple[str, ...]) -> None:
    for name in ("a", "b"):
        write(Path(f"inputs/insects/test/{name}.jpg"))
    write(Path("inputs/insects/sample_submission.csv"), "id,label\nx1,0\nx2,0\n")
    with pytest.raises(
        UserError,
        match=r"none of its 2 ids .* inputs/insects/test: the first id is 'x1', the first picture "
        r"'a\.jpg'; see data\.test_dir and data\.sample_file$",
    ):
        prepare(*insects)
    assert not Path("outputs").exists()


@pytest.mark.parametrize(("found", "is_loud"), [(3, True), (30, False)])
def test_many_ids_without_a_picture_are_told_loudly(
    found: int, is_loud: bool, insects: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(found):
        write(Path(f"inputs/insects/test/{number}.jpg"))
    write(Path("inputs/insects/test/other.jpg"))
    ids = [*map(str, range(found)), "x", "y", "z"]
    content = "id,label\n" + "".join(f"{one},0\n" for one in ids)
    write(Path("inputs/insects/sample_submission.csv"), content)
    prepared = load_prepared(prepare(*insects))
    assert prepared.test["problem"].tolist() == [""] * found + ["missing"] * 3
    warned = capsys.readouterr().err
    loud = (
        "MANY TEST PICTURES ARE MISSING: 3 of 6 ids mean none in inputs/insects/test, such as 'x'"
    )
    assert (f"{loud} beside 'test/other.jpg'" in warned) == is_loud
    assert ("answered by the most frequent class: 3 (x, y, z)" in warned) != is_loud


def test_a_sample_file_without_a_header_is_refused(insects: tuple[str, ...]) -> None:
    for number in range(3):
        write(Path(f"inputs/insects/test/{number}.jpg"))
    write(Path("inputs/insects/sample_submission.csv"), "2.jpg,0\n0.jpg,0\n1.jpg,0\n")
    with pytest.raises(UserError, match=r"line 1: '2\.jpg' is a picture .* put a header such as"):
        prepare(*insects)


def test_a_sample_file_under_another_name_is_found_and_may_be_named(
    insects: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        write(Path(f"inputs/insects/test/{number}.jpg"))
    root = Path("inputs/insects")
    write(root / "sample_submission_stg1.csv", "image,level\n2.jpg,0\n0.jpg,0\n1.jpg,0\n")
    prepared = load_prepared(prepare(*insects))
    assert prepared.test["id"].tolist() == ["2.jpg", "0.jpg", "1.jpg"]
    assert prepared.submission_columns == ("image", "level")
    assert "to say so, set data.sample_file=sample_submission_stg1.csv\n" in capsys.readouterr().err
    chosen = ("data.sample_file=sample_submission_stg1.csv",)
    load_prepared(prepare(*insects, *chosen))
    assert "sample" not in capsys.readouterr().err
    # naming the columns means that there is no such file
    columns = ("data.submission_columns=[id, label]",)
    assert load_prepared(prepare(*insects, *columns)).test["id"].tolist() == ["0", "1", "2"]


def test_numbers_of_padded_folders_are_their_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("00000", "00001", "00014"):
        for number in range(2):
            write(Path(f"inputs/signs/train/{name}/{number}.jpg"))
    write(Path("inputs/signs/test/7.jpg"))
    write(Path("inputs/signs/sample_submission.csv"), "id,label\n7,14\n")
    prepared = load_prepared(prepare("data.root=inputs/signs", "data.scheme=folder"))
    assert prepared.submission_values == (0, 1, 14)
    printed, warned = capsys.readouterr()
    expected = "answers    0 for 00000, 1 for 00001, 14 for 00014: the numbers that the names are\n"
    assert expected in printed
    assert "ids        1 matched by name without extension\n" in printed
    assert warned == ""


@pytest.mark.parametrize(
    "columns", ["[id]", "[id, label, more]", "[id, id]", '[id, ""]', "id", "[[a], b]"]
)
def test_faulty_columns_are_refused(columns: str) -> None:
    with pytest.raises(UserError, match=r"^data\.submission_columns"):
        load_config(None, [f"data.submission_columns={columns}"])


def test_without_test_pictures_it_says_where_they_were_looked_for(
    insects: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(*insects)
    assert "test       none: no pictures in test; see data.test_dir\n" in capsys.readouterr().out
    with pytest.raises(UserError, match=r"^data\.test_dir: inputs/insects/test1: no such folder"):
        prepare(*insects, "data.test_dir=test1")


def test_more_classes_than_fit_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for label in range(43):
        for number in range(2):
            write(Path(f"inputs/many/train/{label}/{number}.jpg"))
    prepared = load_prepared(prepare("data.root=inputs/many", "data.scheme=folder"))
    assert prepared.class_names == tuple(map(str, range(43)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[42] == "… and 3 more classes"
    assert lines[43].split()[:3] == ["all", "86", "86"]


@pytest.mark.parametrize("make_root", [False, True])
def test_no_competition_names_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_root: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    if make_root:
        write(Path("inputs/mask/README.md"), "nothing here yet")
    with pytest.raises(UserError) as error:
        prepare()
    (fault,) = error.value.faults
    assert fault.startswith("no competition at inputs/mask; ")
    assert "make demo" in fault


def test_another_layout_says_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("inputs/mask/train/ants/1.jpg"))
    with pytest.raises(UserError, match=r"train/images: no such folder; inputs/mask holds train/"):
        prepare()
    with pytest.raises(UserError, match=r"no usable picture: 1 bad name; the first is train/ants"):
        prepare("data.scheme=filename")
    write(Path("inputs/mask/train/images/notes.txt"))
    with pytest.raises(UserError, match=r"no \.jpg, \.jpeg or \.png found; 1 .txt"):
        prepare()


def test_nothing_heavy_is_imported() -> None:
    heavy = "{'torch', 'torchvision', 'sklearn', 'albumentations', 'pandas', 'wandb'}"
    code = f"import sys, foldline.preparing.prepare; sys.exit(str({heavy} & sys.modules.keys()))"
    result = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    assert result.stderr == "set()\n"
