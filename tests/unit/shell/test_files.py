"""A file appears whole or not at all."""

import pytest

from refimpl.shell.faults import Fault
from refimpl.shell.files import read_file, replaced_file, write_file


def test_a_written_file_is_whole_and_replaces_the_old_one(tmp_path):
    path = tmp_path / "new" / "ledger.json"
    write_file(path, b"first")
    write_file(path, b"second")
    assert read_file(path) == b"second"
    assert [p.name for p in path.parent.iterdir()] == ["ledger.json"]


@pytest.mark.parametrize("way_out", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_an_interrupted_writing_leaves_the_old_file_and_nothing_else(tmp_path, way_out):
    path = tmp_path / "ledger.json"
    path.write_bytes(b"old")
    with pytest.raises(way_out), replaced_file(path) as stream:
        stream.write(b"half")
        raise way_out
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["ledger.json"]


def test_a_place_that_cannot_be_written_is_refused_by_code(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Fault) as refusal:
        write_file(tmp_path / "file" / "below", b"x")
    assert (refusal.value.code, refusal.value.status) == ("file.unwritable", 3)


def test_writing_over_a_folder_is_refused_and_leaves_no_trace(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(Fault) as refusal:
        write_file(tmp_path / "taken", b"x")
    assert refusal.value.code == "file.unwritable"
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]


def test_a_file_that_is_not_there_is_refused_by_code(tmp_path):
    with pytest.raises(Fault) as refusal:
        read_file(tmp_path / "absent")
    assert refusal.value.code == "file.unreadable"
    assert refusal.value.values["path"].endswith("absent")


def test_a_file_one_byte_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("refimpl.shell.files.READ_MAX", 4)
    (tmp_path / "four").write_bytes(b"1234")
    (tmp_path / "five").write_bytes(b"12345")
    assert read_file(tmp_path / "four") == b"1234"
    with pytest.raises(Fault) as refusal:
        read_file(tmp_path / "five")
    assert (refusal.value.code, refusal.value.values["most"]) == ("file.too_large", 4)
