import pytest
import yaml

from foldline.plain_yaml import PlainYamlError, dump_plain_yaml, load_plain_yaml


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
        ("a: 1\n---\nb: 2", "line 2: expected a single document"),
        ("a: [1", "line 1: "),
        ("\0", "special characters are not allowed"),
        ("!!int x", "invalid literal"),
        ("!!python/object:os.system x", "line 1: could not determine a constructor"),
    ],
)
def test_faults_are_one_line_with_its_number(text: str, fault: str) -> None:
    with pytest.raises(PlainYamlError, match=fault) as error:
        load_plain_yaml(text)
    assert "\n" not in str(error.value)


def test_the_same_key_in_two_sections_is_no_fault() -> None:
    assert load_plain_yaml("a: {x: 1}\nb: {x: 2}") == {"a": {"x": 1}, "b": {"x": 2}}
