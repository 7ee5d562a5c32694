"""What is read of ``abra.sh``, of which nothing is run."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.abrash import read


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("export A=v1", {"A": "v1"}),
        ("export A=v2  # new template", {"A": "v2"}),
        ("export A=v2#3", {"A": "v2#3"}),
        ("export A=\"v 1\" B='v$2' C=v\\ 3", {"A": "v 1", "B": "v$2", "C": "v 3"}),
        ("export A='a'\"b\"c", {"A": "abc"}),
        ('export A="a\\"b\\\\c\\d\\$e"', {"A": 'a"b\\c\\d$e'}),
        ("  export A=1\n\texport B=2", {"A": "1", "B": "2"}),
        ("export A=1; export B=2 && export_me", {"A": "1", "B": "2"}),
        ("export A=1 \\\n  B=2", {"A": "1", "B": "2"}),
        ("export A=1\r\nexport B=2\r\n", {"A": "1", "B": "2"}),
        ("export A=\nexport B=''", {"A": "", "B": ""}),
        ("export A='x\ny'", {"A": "x\ny"}),
        ("A=1\nexport A", {"A": "1"}),
        ("export A=1\nA=2", {"A": "2"}),
        ("export A=1\nexport A=2", {"A": "2"}),
        ("export A=5$", {"A": "5$"}),
        ("# export A=1", {}),
        ("A=1", {}),
        ("echo export A=1", {}),
        ("export A=1\nbackup() { rm -rf /; }\nexport B=2", {"A": "1", "B": "2"}),
        ("f() {\n  export A=1\n  if x; then export B=2; fi\n}\nexport C=3", {"C": "3"}),
        ("function f {\n  export A=1\n}\nexport C=3", {"C": "3"}),
        ("function f() {\n  export A=1\n}\nexport C=3", {"C": "3"}),
        ('f()\n{\n  export A=${1:-"}"}\n}\nexport C=3', {"C": "3"}),
        ("cat <<'EOF'\nexport A=1\n'\nEOF\nexport C=3", {"C": "3"}),
        ("case $1 in\n  a) x;;\n  (b) y;;\nesac\nexport C=3", {"C": "3"}),
        ("x=(a b)\nexport C=3", {"C": "3"}),
        ("for x in $(ls '(' ); do\n  y >/dev/null\ndone\nexport C=3", {"C": "3"}),
        ("[[ $a == (b) && c < d ]] || true\nexport C=3", {"C": "3"}),
    ],
)
def test_plain_exports_are_read_as_a_shell_reads_them(text: str, values: dict[str, str]) -> None:
    """Quotes, comments, several on a line, indentation; functions are not run."""
    read_ = read("abra.sh", text)

    assert read_.values == values
    assert read_.unread == ()


@pytest.mark.parametrize(
    ("export", "name"),
    [
        ("export A=$B", "A"),
        ('export A="$B"', "A"),
        ("export A=${B:-c}", "A"),
        ("export A=$(date)", "A"),
        ("export A=`date`", "A"),
        ("export A=~/x", "A"),
        ("export A=$'x'", "A"),
        ("if x; then export A=1; fi", "A"),
        ("if x\nthen export A=1\nfi", "A"),
        ("x && export A=1", "A"),
        ("x |\nexport A=1", "A"),
        ("export A=1 | x", "A"),
        ("export A=1 &", "A"),
        ("export A=1 >x", "A"),
        ("(export A=1)", "A"),
        ("case x in\nx) export A=1;; esac", "A"),
        ("for x in 1; do export A=$x; done", "A"),
        ("export A", "A"),
        ("A=$(date); export A", "A"),
        ("declare -x A=1", "A"),
    ],
)
def test_what_is_no_plain_assignment_is_told(export: str, name: str) -> None:
    """With its line; nothing is guessed, and the others are read."""
    read_ = read("abra.sh", f"export B=1\n\n{export}\nexport C=3\n")

    assert read_.values == {"B": "1", "C": "3"}
    (unread,) = read_.unread
    assert unread.line == 3 + export[: export.index(name)].count("\n")
    assert f"the export of {name} is no plain assignment" in unread.cause


@pytest.mark.parametrize(
    ("rest", "cause"),
    [
        ("x='it", "a quote (') is not closed"),
        ('x="it', 'a quote (") is not closed'),
        ("x=$(it", "an expansion ($) is not closed"),
        ("x=`it", "a command (`) is not closed"),
        ("cat <<END\nit", "a text that should end with 'END' is not closed"),
        ("f() {", "what should end with '}' does not"),
        ("}", "'}' closes nothing"),
    ],
)
def test_a_script_that_does_not_end_is_told(rest: str, cause: str) -> None:
    """Or the exports that it swallows would be missed by nobody."""
    read_ = read("abra.sh", f"export B=1\n{rest}\nexport C=3\n")

    assert read_.values["B"] == "1"
    (unread,) = read_.unread
    assert unread.line == 2
    assert cause in unread.cause


@given(st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"])))
def test_what_is_quoted_comes_back(value: str) -> None:
    """Whatever it is."""
    read_ = read("abra.sh", f"export A={shlex.quote(value)} B=2 # it's\nexport C=3")

    assert read_.values == {"A": value, "B": "2", "C": "3"}
    assert not read_.unread


@given(st.text(st.sampled_from("export A=1'\"\\$`(){};&|<>#\n\t~"), max_size=60))
def test_any_script_is_read(text: str) -> None:
    """What is told of it fits on a line each."""
    assert all(str(unread).isprintable() for unread in read("abra.sh", text).unread)
