"""`yilian serve` and `yilian rehearse` refuse what they cannot use, in either language, and change nothing."""

import stat

import pytest

from refimpl.commands import serve
from tests.unit.commands.test_run import everything


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    from tests.conftest import call

    folder = tmp_path_factory.mktemp("rehearse") / "papers"
    assert call("rehearse", folder).exit_code == 0
    return folder


def asked(papers, *arguments):
    return ("serve", papers / "ledger.sqlite", "--authority", papers / "authority.der", *arguments)


def test_a_rehearsal_has_a_ledger_and_the_papers_of_every_member(papers, yilian):
    assert {one.name for one in papers.iterdir()} >= {"ledger.sqlite", "authority.der", "city3.der", "patient1.key"}
    assert all(stat.S_IMODE(one.stat().st_mode) == 0o600 for one in papers.glob("*.key"))
    assert yilian("verify", papers / "ledger.sqlite").exit_code == 0


def test_a_rehearsal_overwrites_nothing(papers, yilian):
    before = everything(papers)
    done = yilian("rehearse", papers)
    assert (done.exit_code, "file.occupied" in done.stderr) == (3, True)
    assert everything(papers) == before


def test_papers_are_made_for_the_members_of_a_ledger_that_was_run(tmp_path, ledger, yilian):
    assert yilian("rehearse", tmp_path / "papers", "--ledger", ledger).exit_code == 0
    assert (tmp_path / "papers" / "county2.der").is_file()
    assert not (tmp_path / "papers" / "ledger.sqlite").exists()


@pytest.mark.parametrize(("arguments", "language", "said"), [
    (("--host", "0.0.0.0"), "en", "--expose"), (("--host", "hospital.example"), "zh", "其他机器"),
    (("--as", "city3"), "en", "belong together"), (("--as", "city3"), "zh", "须同时给出"),
])  # fmt: skip
def test_what_is_called_wrongly_is_a_usage_error(papers, yilian, arguments, language, said):
    done = yilian("--lang", language, *asked(papers, *arguments))
    assert done.exit_code == 2
    assert said in done.stderr


@pytest.mark.parametrize(("language", "said"), [("en", "pip install 'yilian[serve]'"), ("zh", "需要附加组件 [serve]")])
def test_without_the_extra_the_command_names_it(papers, yilian, monkeypatch, language, said):
    monkeypatch.setattr(serve, "find_spec", lambda name: None)
    done = yilian("--lang", language, *asked(papers))
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_node_that_is_not_alone_or_has_another_key_does_not_begin(papers, yilian, tmp_path, ledger):
    before = everything(papers)
    other = yilian(*asked(papers, "--key", papers / "county2.key", "--as", "city3"))
    assert (other.exit_code, "serve.other_key" in other.stderr) == (3, True)
    stranger = yilian(*asked(papers, "--key", papers / "county2.key", "--as", "county2"))
    assert (stranger.exit_code, "serve.not_alone" in stranger.stderr) == (3, True)
    assert everything(papers) == before


def test_a_ledger_of_another_suite_is_not_served(papers, yilian, tmp_path):
    from refimpl.store.sqlite import create
    from tests.book import Book

    store = create(tmp_path / "ledger.sqlite")
    store.apply(sorted(Book().disk.items()), sync=True)
    store.close()
    done = yilian("serve", tmp_path / "ledger.sqlite", "--authority", papers / "authority.der")
    assert (done.exit_code, "serve.suite" in done.stderr) == (3, True)


@pytest.mark.parametrize("name", ["ledger.sqlite", "city3.der", "city3.key"])
def test_what_is_no_authority_is_refused(papers, yilian, name):
    done = yilian("serve", papers / "ledger.sqlite", "--authority", papers / name)
    assert done.exit_code in (1, 3)
    assert "member.bad_certificate" in done.stderr or "wire.too_large" in done.stderr
