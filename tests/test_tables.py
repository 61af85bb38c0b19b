from pathlib import Path

import pandas as pd
import pytest

from foldline.errors import UserError
from foldline.tables import format_table, read_table, write_frame, write_table


def write(folder: Path, content: bytes | str) -> Path:
    path = folder / "t.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_cells_are_given_as_they_are_written(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, '\ufeffid, label\r\n000020,"a,b"\r\n1e5 ,NA\r\n'))
    assert table.columns == ("id", " label")
    assert table.rows == [["000020", "a,b"], ["1e5 ", "NA"]]


def test_blank_lines_are_passed_over_and_lines_still_counted(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "a,b\n\n1,2\n , \n3,4\n\n\n"))
    assert table.rows == [["1", "2"], ["3", "4"]]
    assert table.lines == [3, 5]


def test_comments_are_passed_over_where_they_are_allowed(tmp_path: Path) -> None:
    path = write(tmp_path, "# why\na,b\n#1,2\n3,4\n")
    assert read_table(path, comments=True).rows == [["3", "4"]]
    assert read_table(write(tmp_path, "a,b\n#1,2\n")).rows == [["#1", "2"]]


def test_line_breaks_of_older_tables_are_blanks_where_they_are_allowed(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b\r\n1,"x\ny"\r\n2,p\rq\r\n')
    assert read_table(path, join_lines=True).rows == [["1", "x y"], ["2", "p q"]]


def test_numbers_are_written_at_full_precision(tmp_path: Path) -> None:
    write_frame(tmp_path / "t.csv", pd.DataFrame({"a": [0.1 + 0.2, 1e-300], "b": ["x,y", ""]}))
    content = (tmp_path / "t.csv").read_bytes()
    assert content == b'a,b\n0.30000000000000004,"x,y"\n1e-300,\n'


def test_a_column_is_found_in_whatever_spelling(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "id,e\u0301 \n1,2\n"))
    assert table.find_column("\u00e9") == 1
    assert table.find_column("E") is None


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        ("\n\n", "empty"),
        (b"id\xff\n", "not UTF-8"),
        ("a,b\n1,2\n" + 'x,"3\n' + "4,5\n" * 20_000, "line 3: not CSV"),
        ('a,b\n"1"2,3\n', "line 2: not CSV"),
        ("a,b\n1\n", "line 2: expected 2 cells, a,b; found '1'"),
        ("a,b\n1,2,3\n", "line 2: expected 2 cells"),
        ('a,b\n"1\r",2\n', "line 2: a cell holds a line break or a control character: '1\\r'"),
        ('a,b\n1,"2\n3"\n', "line 2: a cell holds a line break"),
        ("a,b\n1,\0\n", "line 2: a cell holds"),
    ],
)
def test_faults_name_the_file_and_the_line(
    tmp_path: Path, content: bytes | str, fault: str
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(UserError) as caught:
        read_table(path)
    assert str(caught.value).startswith(f"{path}: {fault}")
    assert "\n" not in str(caught.value)


def test_missing_files_folders_and_impossible_names_are_faults(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path, tmp_path / "a\0b", tmp_path / ("x" * 300)):
        with pytest.raises(UserError):
            read_table(path)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    rows = [["a,b", '"quoted"', " blank "], ["한", "", "1"]]
    write_table(tmp_path / "t.csv", ["x", "y", "z"], rows)
    assert read_table(tmp_path / "t.csv").rows == rows
    assert (tmp_path / "t.csv").read_bytes().count(b"\r") == 0


@pytest.mark.parametrize("cell", ["a\nb", "a\rb", "\x1b", "\0", "a\u2028b"])
def test_a_cell_that_could_not_be_read_back_is_not_written(cell: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        format_table(["x", "y"], [["1", cell]])
