"""Formatting: idempotent, keeps every comment, changes no token, tree or digest, in both surfaces."""

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from contracts_dsl import ir
from contracts_dsl.check import check
from contracts_dsl.cli import doc, fmt
from contracts_dsl.format import format
from contracts_dsl.format_layout import WIDTH
from contracts_dsl.lexer import tokenize
from contracts_dsl.parse import parse
from contracts_dsl.source import Source, width
from contracts_dsl.translate import translate
from tests.language.packages import BAD, GOOD, LIBRARY, NATIVE, read, sources

FILES = [*sorted(LIBRARY.glob("*.yl")), *sorted(GOOD.glob("*.yl")), *sorted(NATIVE.glob("*.yl"))]
FULL_WIDTH = {"_S": "；", "_C": "：", "_K": "，", "_P": "（", "_Q": "）", "_L": "｛", "_R": "｝", "OPT": "？"}


def tree(value):
    """A syntax tree without its places."""
    if isinstance(value, Struct):
        parts = [name for name in value.__struct_fields__ if name != "span"]
        return (type(value).__name__, *(tree(getattr(value, name)) for name in parts))
    return [tree(one) for one in value] if isinstance(value, tuple) else value


def comments(text):
    """The comments of a readable text, in order."""
    tokens = tokenize(Source("", text))
    gaps = zip([0, *tokens.ends], [*tokens.starts, len(text)], strict=False)
    return [line.strip() for start, end in gaps for line in text[start:end].split("\n") if line.strip()]


def formatted(text):
    found = format("x.yl", text.encode())
    assert not found.diagnostics
    return found.text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name + "/" + path.name)
def test_formatting_twice_is_formatting_once_and_changes_neither_tree_nor_comments(path):
    text = path.read_text()
    once = formatted(text)
    assert formatted(once) == once
    assert tree(parse("", once.encode()).modules) == tree(parse("", text.encode()).modules)
    assert comments(once) == comments(text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name + "/" + path.name)
def test_our_own_programs_have_the_one_layout(path):
    assert formatted(path.read_text()) == path.read_text()


@pytest.mark.parametrize("surface", ["en", "zh"])
def test_a_formatted_package_has_the_digests_it_had(surface):
    files = read(*sources(LIBRARY, surface))
    before = [ir.digest(module) for module in check(files).modules]
    after = [ir.digest(module) for module in check((n, formatted(data.decode()).encode()) for n, data in files).modules]
    assert after == before
    assert len(before) > 20


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name + "/" + path.name)
def test_translating_and_formatting_commute(path):
    text = path.read_text()
    to = "en" if path.name.endswith(".zh.yl") else "zh"
    assert formatted(translate("", text.encode(), to).text) == translate("", formatted(text).encode(), to).text


def test_lines_keep_to_the_width_but_for_comments_and_what_cannot_be_broken():
    long = [
        line
        for path in FILES
        for line in formatted(path.read_text()).splitlines()
        if width(line.split("  #")[0]) > WIDTH and not line.lstrip().startswith("#")
    ]
    assert long == []


@st.composite
def disturbed(draw):
    """A program of the library with other blanks, line ends, comments and widths of signs between the same tokens."""
    text = draw(st.sampled_from(FILES)).read_text()
    tokens = tokenize(Source("", text))
    first = draw(st.integers(0, max(0, len(tokens.kinds) - 2)))
    gap = st.sampled_from([" ", "\n", "\n\n\n", "\t", "\u3000", "\r\n", "  # 注 note \n", "\n# own\n", "#x\n\n#y\r\n"])
    pieces = [text[: tokens.ends[first]]]
    for index in range(first + 1, min(first + 60, len(tokens.kinds))):
        piece = text[tokens.starts[index] : tokens.ends[index]]
        wide = FULL_WIDTH.get(tokens.kinds[index])
        pieces += [draw(gap), wide if wide and draw(st.booleans()) else piece]
    else:
        pieces.append(text[tokens.ends[min(first + 60, len(tokens.kinds)) - 1] :])
    return "".join(pieces), text


@settings(max_examples=40, deadline=None)
@given(disturbed())
def test_however_a_program_was_laid_out_formatting_settles_it(pair):
    text, original = pair
    once = formatted(text)
    assert formatted(once) == once
    assert comments(once) == comments(text)
    assert tree(parse("", once.encode()).modules) == tree(parse("", original.encode()).modules)


def test_blanks_and_signs_alone_never_change_the_layout():
    for path in FILES:
        text = path.read_text()
        tokens = tokenize(Source("", text))
        if "#" in text:
            continue
        flat = " ".join(FULL_WIDTH.get(kind, tokens.text(at)) for at, kind in enumerate(tokens.kinds))
        assert formatted(flat).replace("\n\n", "\n") == formatted(text).replace("\n\n", "\n")


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yl")), ids=lambda path: path.name)
def test_a_file_with_a_fault_is_left_as_it_is(path):
    found = format(path.name, path.read_bytes())
    assert found.diagnostics == parse(path.name, path.read_bytes()).diagnostics
    if found.diagnostics and "E001" not in [finding.code for finding in found.diagnostics]:
        assert found.text == path.read_text()


UGLY = """contract  Loan version 1；party lender:Hospital;  # who lends
start{lender may lend when now>now becomes lent；}

# what is lent


state lent {lender must ask（d：hash）within 3 days then{ set lender=lender; } becomes lent
 else violation v becomes over;
}
state over;"""
PLAIN = """contract Loan version 1;
party lender: Hospital;  # who lends
start { lender may lend when now > now becomes lent; }

# what is lent

state lent {
  lender must ask(d: hash) within 3 days then { set lender = lender; } becomes lent
    else violation v becomes over;
}
state over;
"""


def run(*arguments, **more):
    return CliRunner().invoke(fmt.command, [str(one) for one in arguments], **more)


def test_the_command_rewrites_in_place_and_leaves_nothing_else(tmp_path):
    file = tmp_path / "loan.yl"
    file.write_text(UGLY)
    file.chmod(0o640)
    assert run(file).exit_code == 0
    assert file.read_text() == PLAIN
    assert file.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["loan.yl"]


def test_check_and_diff_tell_and_change_nothing(tmp_path):
    file = tmp_path / "loan.yl"
    file.write_text(UGLY)
    check_, diff = run("--check", file), run("--diff", file)
    assert (check_.exit_code, check_.stdout) == (1, f"{file}\n")
    assert (diff.exit_code, "+state lent {\n" in diff.stdout) == (1, True)
    assert file.read_text() == UGLY
    file.write_text(PLAIN.rstrip())
    assert run("--diff", file).stdout.endswith("\\ No newline at end of file\n+" + PLAIN.splitlines()[-1] + "\n")
    file.write_text(PLAIN)
    assert (run("--check", file).exit_code, run("--diff", file).stdout) == (0, "")


def test_a_folder_means_its_files_and_what_cannot_be_written_is_said(tmp_path):
    (tmp_path / "a.yl").write_text(UGLY)
    (tmp_path / "b.yl").write_text(UGLY)
    assert run("--check", tmp_path).stdout == f"{tmp_path / 'a.yl'}\n{tmp_path / 'b.yl'}\n"
    assert run(tmp_path).exit_code == 0
    assert (tmp_path / "b.yl").read_text() == PLAIN
    found = CliRunner().invoke(doc.command, [str(LIBRARY / "visit.yl"), "--out", str(tmp_path / "no" / "x.html")])
    assert (found.exit_code, "cannot write" in found.stderr) == (3, True)


def test_a_dash_reads_stdin_and_writes_stdout():
    found = run("-", input=UGLY.encode())
    assert (found.exit_code, found.stdout) == (0, PLAIN)


def test_a_fault_is_told_with_its_place_and_nothing_is_written(tmp_path):
    file = tmp_path / "bad.zh.yl"
    file.write_text("合约 甲 版本 1。")
    found = run(file)
    assert (found.exit_code, "E107 句号" in found.stderr, found.stdout) == (1, True, "")
    assert file.read_text() == "合约 甲 版本 1。"
    assert run(tmp_path / "none.yl").exit_code == 3


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=80) | st.text(max_size=60).map(lambda text: f"contract C version 1;{text}".encode()))
def test_arbitrary_bytes_give_a_layout_or_a_diagnostic(data):
    found = format("x", data)
    assert found.diagnostics or formatted(found.text) == found.text


def test_a_comment_in_the_middle_of_a_statement_keeps_its_place_and_swallows_nothing():
    text = "contract C version 1;  # what\ndata a  # why\n: # how\n  # and more\n  code;\n"
    once = formatted(text)
    assert once == "contract C version 1;  # what\ndata a  # why\n    :  # how\n    # and more\n    code;\n"
    assert tree(parse("", once.encode()).modules) == tree(parse("", text.encode()).modules)
