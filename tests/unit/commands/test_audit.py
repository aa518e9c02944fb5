"""`yilian audit`: what a commission supervises, and a report that stands by itself."""

import json

import pytest

from refimpl.crypto.recipes import digest
from tests.unit.commands.endings import refused


@pytest.fixture
def key_file(tmp_path):
    """The key of the district commission, as everybody knows it of a test network (DAT-026)."""
    path = tmp_path / "key"
    path.write_text(digest("yilian/test-key/v1", b"hill-hc").hex() + "\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(("language", "words"), [("zh", "时限"), ("en", "time")])
def test_a_commission_sees_the_acts_of_its_area(yilian, results, language, words):
    done = yilian("--lang", language, "audit", "hill", "--ledger", results / "referral" / "ledger.sqlite")
    assert done.exit_code == 0
    assert "county2" in done.stdout
    assert words in done.stdout


def test_a_signed_report_holds_and_an_altered_one_does_not(yilian, results, key_file, tmp_path):
    ledger, out = results / "referral" / "ledger.sqlite", tmp_path / "report.json"
    signed = yilian("audit", "hill", "--ledger", ledger, "--sign", key_file, "--as", "hill-hc", "--out", out, "--json")
    told = json.loads(signed.stdout)
    assert (signed.exit_code, told["schema"]) == (0, "yilian/audit/v1")
    body = json.loads(out.read_text())["body"]
    assert [one["tx"] for one in body["findings"]] == [one["tx"] for one in told["events"]]
    assert len(body["claims"]) == len({one["tx"] for one in told["events"] if one["tx"]})
    assert yilian("audit", "hill", "--ledger", ledger, "--check", out).exit_code == 0
    out.write_bytes(out.read_bytes().replace(b'"auditor":"hill-hc"', b'"auditor":"city-hc"'))
    refused(yilian("audit", "hill", "--ledger", ledger, "--check", out), 1, "tx.bad_signature", "en")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_key_of_somebody_else_signs_nothing(yilian, results, key_file, tmp_path, language):
    ledger, out = results / "referral" / "ledger.sqlite", tmp_path / "report.json"
    done = yilian("--lang", language, "audit", "hill", "--ledger", ledger, "--sign", key_file, "--as", "city-hc",
                  "--out", out)  # fmt: skip
    refused(done, 1, "member.not_authorized", language)
    assert not out.exists()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("spoil", "code"), [
    (lambda path: path.chmod(0o640), "key.exposed"), (lambda path: path.write_text("ab" * 31), "key.malformed"),
    (lambda path: path.unlink(), "file.unreadable"),
])  # fmt: skip
def test_a_key_file_that_others_read_or_that_is_none_is_refused(yilian, results, key_file, tmp_path, spoil, code,
                                                                language):  # fmt: skip
    spoil(key_file)
    ledger = results / "referral" / "ledger.sqlite"
    done = yilian("--lang", language, "audit", "hill", "--ledger", ledger, "--sign", key_file, "--as", "hill-hc",
                  "--out", tmp_path / "report.json")  # fmt: skip
    refused(done, 3, code, language)
    assert "abab" not in done.stderr


def test_signing_takes_all_three_options(yilian, results, key_file):
    ledger = results / "referral" / "ledger.sqlite"
    assert yilian("audit", "hill", "--ledger", ledger, "--sign", key_file).exit_code == 2
