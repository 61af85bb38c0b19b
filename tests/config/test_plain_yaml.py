from collections.abc import Sequence

import pytest
import yaml

from foldline.config.plain_yaml import PlainYamlError, dump_plain_yaml, load_plain_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-3", -3),
        ("0.5", 0.5),
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        ("2.5e+1", 25.0),
        (".5", 0.5),
        ("true", True),
        ("false", False),
        ("null", None),
        ("", None),
        ("~", None),
        ("[0, 2]", [0, 2]),
        ("{a: 1, b: x}", {"a": 1, "b": "x"}),
        ("off", "off"),
        ("yes", "yes"),
        ("1:30", "1:30"),
        ("010", "010"),
        ("1_000", "1_000"),
        ("2026-01-31", "2026-01-31"),
        ("1.2.3", "1.2.3"),
        ("e5", "e5"),
        ("'5'", "5"),
    ],
)
def test_plain_texts_are_what_they_look_like(text: str, value: object) -> None:
    read = load_plain_yaml(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    "value",
    ["yes", "off", "1e-3", "010", "1:30", "null", "", "2026-01-31", 1e-05, 0.1, 10, True, "한"],
)
def test_what_is_written_reads_back_here_and_in_any_other_reader(value: object) -> None:
    text = dump_plain_yaml({"key": value})
    assert load_plain_yaml(text) == {"key": value} == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: the key a stands twice"),
        ("train:\n  epochs: 1\n  'epochs': 2", "line 3: the key epochs stands twice"),
        ("[{a: 1, a: 2}]", "line 1: the key a stands twice"),
        ("train:\n\tepochs: 1", "line 2: .*cannot start any token"),
        ("a: 1\n---\nb: 2", "line 2: a second document begins"),
        ("a: [1", "line 1: "),
        # what settings never need
        ("a: &x [1]\nb: *x", "line 1: anchors and aliases"),
        ("a: *x", "line 1: anchors and aliases"),
        ("a: 1\n&b c: 2", "line 2: anchors and aliases"),
        ("a: 1\nb:\n  <<: {c: 1}", r"line 3: keys are not merged here \(<<\)"),
        ("!!int x", r"line 1: tags \(!\) are not read"),
        ("a: !!str 5", r"line 1: tags \(!\) are not read"),
        ("a: ! 5", r"line 1: tags \(!\) are not read"),
        ("!!python/object:os.system x", r"line 1: tags \(!\) are not read"),
        ("a:\n  ? [b]\n  : c", "line 2: a list or a mapping stands where a key should"),
        ("{{a}: b}", "line 1: a list or a mapping stands where a key should"),
        # what could hurt
        ("a: " + "[" * 30 + "]" * 30, "line 1: nested more than 20 deep"),
        ("[" * 9_000, "line 1: nested more than 20 deep"),
        ("- " * 5_000, "line 1: nested more than 20 deep"),
        ("{a: " * 9_000, "line 1: nested more than 20 deep"),
        ("? " * 9_000, "line 1: a list or a mapping stands where a key should"),
        ("a: 1\n" * 100_000, "more than 100000 characters"),
        ("a: 1\nb: -1e400", "line 2: a number too large to be one"),
        (f"a: {'9' * 5000}", "line 1: a whole number of more than 18 digits"),
        (f"{'9' * 5000}: a", "line 1: a whole number of more than 18 digits"),
        # characters that break lines, tables and terminals, written out or escaped
        ("a: 1\nb: \0", r"line 2: the character U\+0000 does not belong"),
        ("a: \x1b[31m", r"line 1: the character U\+001B does not belong"),
        ('a: 1\nb: "\\0"', r"line 2: the character U\+0000 does not belong"),
        ('a: "\\e[31m"', r"line 1: the character U\+001B does not belong"),
        ('a: "\\r"', r"line 1: the character U\+000D does not belong"),
        ('"a\\0": 1', r"line 1: the character U\+0000 does not belong"),
        ('a: "\\ud800"', r"line 1: the character U\+D800 does not belong"),
        ('a: "\\U00110000"', "range"),
        ("a: \u202egnp.jpg", r"line 1: the character U\+202E does not belong"),
    ],
)
def test_faults_are_one_line_with_its_number(text: str, fault: str) -> None:
    with pytest.raises(PlainYamlError, match=fault) as error:
        load_plain_yaml(text)
    assert "\n" not in str(error.value)


def test_what_is_written_names_nothing_twice() -> None:
    one = [1, 2]
    assert load_plain_yaml(dump_plain_yaml({"a": one, "b": one})) == {"a": one, "b": one}


def test_a_reader_may_decide_what_unquoted_text_is() -> None:
    seen = {}

    def read(keys: Sequence[str], plain: str) -> str:
        seen[".".join(keys)] = plain
        return plain

    value = load_plain_yaml("a: {b: 1e5, c: '5'}\nd: [012, null]", read)
    assert value == {"a": {"b": "1e5", "c": "5"}, "d": ["012", "null"]}
    assert seen == {"a.b": "1e5", "d.0": "012", "d.1": "null"}


def test_the_same_key_in_two_sections_is_no_fault() -> None:
    assert load_plain_yaml("a: {x: 1}\nb: {x: 2}") == {"a": {"x": 1}, "b": {"x": 2}}
