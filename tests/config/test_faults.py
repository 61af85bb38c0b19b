import pytest

from foldline.config.faults import show_value
from foldline.config.recipe import load_config
from foldline.errors import UserError


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        # what kind of value
        ("train.epochs=x", "train.epochs: expected a whole number, found 'x'"),
        ("train.epochs=2.5", "train.epochs: expected a whole number, found 2.5"),
        ("train.epochs=", "train.epochs: expected a whole number, found null"),
        ("train.patience=true", "train.patience: expected a whole number, found true"),
        ("train.optimizer.lr=true", "train.optimizer.lr: expected a number, found true"),
        (
            "train.optimizer.lr=1e999",
            "train.optimizer.lr: 1e999 cannot be read: a number too large to be one",
        ),
        ("infer.flip=2", "infer.flip: expected true or false, found 2"),
        ("infer.flip=maybe", "infer.flip: expected true or false, found 'maybe'"),
        ("run=", "run: expected text, found null"),
        ("run=[1]", "run: expected a plain name of letters, digits, . _ + -, found '[1]'"),
        ("data.root=null", "data.root: expected a path, found null"),
        ('data.root=""', "data.root: expected a path, found nothing"),
        (
            "data.root=a\0b",
            "data.root: expected one line without control characters, found 'a\\x00b'",
        ),
        ("infer.truth=" + "x" * 256, "infer.truth: expected names of at most 255 bytes each"),
        ("data.train_dir=" + "한" * 86, "data.train_dir: expected names of at most 255 bytes each"),
        ("data.corrections=" + "x/" * 3000, "data.corrections: expected names of at most 255"),
        ("model.weights=" + "x" * 300, "model.weights: expected names of at most 255 bytes each"),
        ("data.root=~nobody-has-this-name/x", "data.root: there is no home folder that ~nobody-"),
        ("data.train_dir=a\nb", "data.train_dir: expected one line without control characters"),
        ("track.tags=[a, 'b\tc']", "track.tags.1: expected one line without control characters"),
        ("track.notes=a\x1b[31m", "track.notes: expected one line without control characters"),
        ("track.project=", "track.project: expected text, found null"),
        ("track.project=''", "track.project: expected at least 1 character, found ''"),
        ("train.folds=[]", "train.folds: expected at least one value, found []"),
        ("train.folds=[-1]", "train.folds.0: expected 0 or more, found -1"),
        (
            "train.optimizer={name:sgd}",
            "train.optimizer.name:sgd: no such key; YAML needs a blank after each colon, "
            "as in {name: sgd, lr: 0.1}",
        ),
        ("data.image_size=5", "data.image_size: expected a list such as [0, 1], found 5"),
        ("data.image_size=[3]", "data.image_size: expected one more value, found [3]"),
        (
            "data.image_size=[1, 2, 3]",
            "data.image_size: expected at most 2 values, found [1, 2, 3]",
        ),
        ("data.image_size=[1, a]", "data.image_size.1: expected a whole number, found 'a'"),
        (
            "model.arguments=5",
            "model.arguments: expected keys and values, such as {a: 1}, found 5",
        ),
        ("train=5", "train: expected a section of keys, found 5"),
        ("train.optimizer=sgd", "train.optimizer: expected a section of keys, found 'sgd'"),
        ("train.channels_last=3", "train.channels_last: expected auto or true or false, found 3"),
        # how much
        ("sample.people=3", "sample.people: expected 18 or more, found 3"),
        ("sample.people=1000000", "sample.people: expected 100000 or less, found 1000000"),
        (
            f"sample.people={10**30}",
            f"sample.people: {10**30} cannot be read: a whole number of more than 18 digits",
        ),
        ("train.epochs=9999999999", "train.epochs: expected 1000000000 or less, found 9999999999"),
        ("data.image_size=[1, 90000]", "data.image_size.1: expected 8192 or less, found 90000"),
        ("run=" + "가" * 70, "run: expected at most 200 bytes, found 210: letters other than"),
        ("train.validation.every=" + "9" * 400 + " epochs", "train.validation.every: expected a"),
        ("train.optimizer.lr=0", "train.optimizer.lr: expected more than 0, found 0"),
        ("data.crop=[0.5, 2]", "data.crop.1: expected 1 or less, found 2"),
        (
            "train.loss.label_smoothing=1",
            "train.loss.label_smoothing: expected less than 1, found 1",
        ),
        ("train.workers=-1", "train.workers: expected auto or 0 or more, found -1"),
        ("run=" + "x" * 101, f"run: expected at most 100 characters, found 'x{'x' * 55}..."),
        ("run=a/b", "run: expected a plain name of letters, digits, . _ + -, found 'a/b'"),
        # which of several
        (
            "track.mode=onlin",
            "track.mode: expected auto, online, offline or disabled, found 'onlin';"
            " did you mean online?",
        ),
        (
            "train.optimizer.name=foo",
            "train.optimizer.name: expected adam, adamw or sgd, found 'foo'",
        ),
        (
            "train.optimizer.name=sdg",
            "train.optimizer.name: expected adam, adamw or sgd, found 'sdg'; did you mean sgd?",
        ),
        ("train.loss.name=focal", "train.loss.name: expected cross_entropy, found 'focal'"),
        # which keys there are
        ("train.epoch=5", "train.epoch: no such key; did you mean train.epochs?"),
        ("epochs=5", "epochs: no such key; did you mean train.epochs?"),
        ("train.lr=1", "train.lr: no such key; did you mean train.optimizer.lr?"),
        ("epoch=5", "epoch: no such key; did you mean train.epochs?"),
        ("optimizer.lr=5", "optimizer: no such key; did you mean train.optimizer?"),
        ("tarin.epochs=5", "tarin: no such key; did you mean train?"),
        ("train.banana=5", "train.banana: no such key"),
        ("train.schedule.step=3", "train.schedule.step: no such key"),
        (
            "train.optimizer.momentum=0.3",
            "train.optimizer.momentum: adamw has no momentum; sgd has",
        ),
        (
            "train.schedule.factor=0.3",
            "train.schedule.factor: cosine has no factor; step and plateau have",
        ),
        ("train={1: 2}", "train.1: expected text as a key, found 1"),
        # what does not go together
        (
            "train.optimizer={name: sgd, nesterov: true, momentum: 0}",
            "train.optimizer: nesterov needs a momentum above 0",
        ),
    ],
)
def test_each_fault_is_one_line_that_begins_with_its_key(override: str, fault: str) -> None:
    with pytest.raises(UserError) as error:
        load_config(None, [override])
    (told,) = error.value.faults
    # of lines that repeat the input only the beginning is given
    assert told.startswith(fault)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(UserError) as error:
        load_config(None, ["train.epochs=x", "nonsense", "seed=-1", "infer.flipp=true"])
    assert sorted(error.value.faults) == [
        "infer.flipp: no such key; did you mean infer.flip?",
        "nonsense: expected key=value, such as train.epochs=5",
        "seed: expected 0 or more, found -1",
        "train.epochs: expected a whole number, found 'x'",
    ]


def test_values_are_shown_as_written_and_cut() -> None:
    assert show_value(None) == "null"
    assert show_value([True, "a"]) == '[true, "a"]'
    assert show_value("x" * 100) == "'" + "x" * 56 + "..."
