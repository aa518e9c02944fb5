"""Colour and progress go only where somebody looks."""

import io

import pytest

from refimpl.shell.terminal import LiveProgress, NoProgress, colour_wanted, display_width, padded, progress_on


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "wanted"),
    [
        (Terminal(), {"TERM": "xterm"}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": ""}, True),
        (io.StringIO(), {"TERM": "xterm"}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (io.StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_is_used_only_where_it_is_wanted(stream, environment, wanted):
    assert colour_wanted(stream, environment) is wanted


def test_progress_is_silent_where_nobody_watches():
    pipe = io.StringIO()
    progress = progress_on(pipe)
    progress.show("half way")
    progress.clear()
    assert isinstance(progress, NoProgress)
    assert pipe.getvalue() == ""


def test_progress_rewrites_one_line_and_takes_it_away():
    terminal = Terminal()
    progress = progress_on(terminal)
    assert isinstance(progress, LiveProgress)
    progress.show("区块 12")
    progress.show("done")
    progress.clear()
    assert terminal.getvalue() == "\r区块 12\rdone   \r    \r"


def test_wide_characters_take_two_columns():
    assert display_width("转诊 A") == 6
    assert display_width("e\u0301") == 1
    assert padded("转诊", 6) == "转诊  "
    assert padded("转诊", 2) == "转诊"
