from pathlib import Path

from tests.prepared_tables import CLASS_NAMES, build, save

from foldline.data.competition.test_set import TestSet


def test_the_tables_are_these_bytes(tmp_path: Path) -> None:
    save(tmp_path)
    assert (tmp_path / "train.csv").read_bytes().decode() == (
        "path,group,mask,gender,age,label,train_label,fold\n"
        "train/000020/1.jpg,000020,0,1,58,4,5,0\n"
        '"train/NA/é, 2.jpg",NA,2,0,25,12,,1\n'
        "train/1e5/3.jpg,1e5,0,0,60,2,2,-1\n"
    )
    assert (tmp_path / "rejected.csv").read_bytes() == (
        b'path,reason,detail\ntrain/x.jpg,truncated,"why, oh why"\n'
    )


def test_the_seal_covers_all_and_the_scoring_seal_what_scores_stand_on() -> None:
    tables = build()
    relabelled = build(train_labels=[4, 12, 2])
    assert relabelled.seal != tables.seal
    assert relabelled.scoring_seal == tables.scoring_seal
    for change in ({"folds": [1, 0, -1]}, {"class_names": ("other", *CLASS_NAMES[1:])}):
        changed = build(**change)
        assert changed.seal != tables.seal
        assert changed.scoring_seal != tables.scoring_seal
    assert build(test=TestSet([], [])).seal == tables.seal
