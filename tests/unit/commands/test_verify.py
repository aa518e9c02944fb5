"""`yilian verify`: a ledger that holds, one that does not, and what is no ledger at all."""

import json
import random
import sqlite3

import pytest

from refimpl.store.sqlite import open_existing
from tests.unit.commands.endings import refused


@pytest.fixture
def copied(ledger, tmp_path):
    """A copy of the default run's ledger, to be damaged."""
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(ledger.read_bytes())
    return path


def rewritten(path, key, change):
    """The ledger with one stored value changed, as a person with a database tool would do it."""
    connection = sqlite3.connect(path)
    [value] = connection.execute("SELECT value FROM entry WHERE key = ?", (key,)).fetchone()
    connection.execute("UPDATE entry SET value = ? WHERE key = ?", (change(value), key))
    connection.commit()
    connection.close()


@pytest.mark.parametrize(("language", "words"), [("zh", "账本成立：29 个区块"), ("en", "the ledger holds: 29 blocks")])
def test_a_ledger_that_holds_is_told_with_its_height_and_root(yilian, ledger, printed, language, words):
    done = yilian("--lang", language, "verify", ledger)
    assert done.exit_code == 0
    assert words in done.stdout
    assert printed["app_hash"] in done.stdout


@pytest.mark.parametrize(("language", "words"), [("zh", "账本不成立：区块 7"), ("en", "does not hold: block 7")])
def test_the_first_bad_block_is_named_with_its_clause_and_what_was_expected(yilian, copied, language, words):
    rewritten(copied, "tx/0000000007/0000", lambda value: value.replace(b"cardiology-1", b"cardiology-2"))
    done = yilian("--lang", language, "verify", copied)
    assert done.exit_code == 1
    assert words in done.stdout
    assert "DAT-094" in done.stdout
    assert "block.wrong_transactions_root" in done.stdout


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "应为 有值，实为 空缺"), ("en", "expected a value, found nothing")]
)
def test_what_is_missing_is_told_in_one_language(yilian, copied, language, words):
    connection = sqlite3.connect(copied)
    connection.execute("DELETE FROM entry WHERE key = 'tx/0000000007/0000'")
    connection.commit()
    connection.close()
    done = yilian("--lang", language, "verify", copied)
    assert done.exit_code == 1
    assert done.stdout.rstrip().endswith(words)


def test_the_object_names_the_finding(yilian, copied):
    rewritten(copied, "receipt/0000000009/0000", lambda value: value.replace(b"refused", b"applied"))
    done = yilian("verify", "--json", copied)
    found = json.loads(done.stdout)
    assert (done.exit_code, found["schema"], found["height"]) == (1, "yilian/verify/v1", 8)
    assert found["finding"]["key"] == "receipt/0000000009/0000"
    assert (found["finding"]["height"], found["finding"]["clause"]) == (9, "DAT-120")
    assert found["finding"]["expected"] != found["finding"]["got"]


def test_verifying_changes_no_byte(yilian, copied):
    before = copied.read_bytes()
    assert yilian("verify", copied).exit_code == 0
    assert copied.read_bytes() == before
    assert [p.name for p in copied.parent.iterdir()] == ["ledger.sqlite"]


def foreign(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE patients (name TEXT)")
    connection.close()


def of_another_version(path):
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


NO_LEDGER = {
    "missing": (lambda path: path.unlink(), "store.missing"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "store.foreign"),
    "empty": (lambda path: path.write_bytes(b""), "store.foreign"),
    "text": (lambda path: path.write_text("name,age\n"), "store.foreign"),
    "binary": (lambda path: path.write_bytes(bytes(range(256)) * 64), "store.foreign"),
    "another program's": (lambda path: (path.unlink(), foreign(path)), "store.foreign"),
    "another version": (of_another_version, "store.wrong_version"),
}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", NO_LEDGER)
def test_what_is_no_ledger_is_refused(yilian, copied, kind, language):
    make, code = NO_LEDGER[kind]
    make(copied)
    refused(yilian("--lang", language, "verify", copied), 3, code, language)


def test_an_empty_store_has_no_genesis(yilian, copied):
    connection = sqlite3.connect(copied)
    connection.execute("DELETE FROM entry")
    connection.commit()
    connection.close()
    found = json.loads(yilian("verify", "--json", copied).stdout)["finding"]
    assert (found["key"], found["clause"], found["got"]) == ("meta/genesis", "DAT-120", "nothing")


@pytest.mark.parametrize("kept", [100, 511, 4096, 5000, 40_000])
def test_a_truncated_file_is_refused_and_never_a_traceback(yilian, copied, kept):
    copied.write_bytes(copied.read_bytes()[:kept])
    done = yilian("verify", copied)
    assert done.exit_code in (1, 3), done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("part", range(4))
def test_a_flipped_bit_anywhere_in_the_file_is_answered_and_never_a_traceback(yilian, ledger, tmp_path, part):
    """Where the byte carries a value it is found; where it carries nothing (free space) the ledger holds."""
    whole, drawn = ledger.read_bytes(), random.Random(part)
    path = tmp_path / "ledger.sqlite"
    statuses = set()
    for _ in range(25):
        place = drawn.choice((drawn.randrange(100), drawn.randrange(4096), drawn.randrange(len(whole))))
        damaged = bytearray(whole)
        damaged[place] ^= 1 << drawn.randrange(8)
        path.write_bytes(damaged)
        done = yilian("verify", path)
        assert done.exit_code in (0, 1, 3), f"byte {place}: {done.output}"
        assert "Traceback" not in done.output
        statuses.add(done.exit_code)
    assert statuses - {0}, "no flip was found: the test damages nothing"


def test_a_key_that_nothing_accounts_for_is_found(yilian, copied):
    store = open_existing(copied)
    store.apply([("state/ffff", b"1")], sync=True)
    store.close()
    done = yilian("verify", "--json", copied)
    assert done.exit_code == 1
    assert json.loads(done.stdout)["finding"]["key"] == "state/ffff"
