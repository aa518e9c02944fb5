"""A contract that is retired takes no new instances; those that run go on; a further version takes them again."""

import pytest

from contracts_dsl import ir
from contracts_dsl.check import check
from refimpl.data.transaction import COMMAND, DEPLOY
from refimpl.scenarios.package import library
from tests.book import Book

ASK = {"lender": "city3", "borrower": "county2", "item": "ct", "price": 100}


@pytest.fixture
def book():
    return Book("sharing", "anchor")


def retire(book, *names, modules=()):
    return book.submit("city3", DEPLOY, {"modules": list(modules), "retired": list(names)})


@pytest.mark.clause("CTR-D11")
def test_a_retired_contract_takes_no_new_instances_and_carries_the_old_to_their_end(book):
    loan = book.act("county2", "Loan", "ask", **ASK)["events"][0]["instance"]
    assert retire(book, "Loan")["status"] == "applied"
    assert book.ledger.state.get(b"retired/Loan") == b"true"
    assert book.act("county2", "Loan", "ask", **ASK)["code"] == "contract.retired"
    assert book.act("city3", "Loan", "lend", loan)["status"] == "applied"
    head = {"keeper": "county2", "ledger": "l", "height": 1, "head": "ab" * 32}
    assert book.act("county2", "Anchor", "anchor", **head)["status"] == "applied"


@pytest.mark.clause("CTR-D11", "DAT-110")
def test_what_comes_later_in_the_same_block_begins_no_more(book):
    listed = [{"name": name, "value": value} for name, value in sorted(ASK.items())]
    asked = {"action": "ask", "arguments": listed, "contract": "Loan", "instance": None}
    gone = book.signed("city3", DEPLOY, {"modules": [], "retired": ["Loan"]})
    book.commit(gone, book.signed("county2", COMMAND, asked))
    assert [receipt.get("code") for receipt in book.last] == [None, "contract.retired"]


@pytest.mark.clause("CTR-D11")
def test_a_further_version_takes_instances_again(book):
    retire(book, "Loan")
    [newer] = [one for one in library(("alliance", "sharing")) if one["name"] == "Loan"]
    assert book.submit("city3", DEPLOY, {"modules": [{**newer, "version": 2}]})["status"] == "applied"
    assert book.ledger.state.get(b"retired/Loan") is None
    assert book.act("county2", "Loan", "ask", **ASK)["status"] == "applied"


@pytest.mark.clause("CTR-D11")
def test_a_contract_may_come_and_be_retired_in_one_package(book):
    [newer] = [one for one in library(("alliance", "sharing")) if one["name"] == "Loan"]
    assert retire(book, "Loan", modules=[{**newer, "version": 2}])["status"] == "applied"
    assert book.act("county2", "Loan", "ask", **ASK)["code"] == "contract.retired"


@pytest.mark.clause("CTR-D03", "CTR-D11")
@pytest.mark.parametrize(("names", "code"), [
    ([], "wire.bad_field"), (["Nothing"], "contract.unknown_name"), (["Alliance"], "contract.unknown_name"),
    (["Loan", "Anchor"], "wire.bad_field"), (["Loan", "Loan"], "wire.bad_field"), (["x" * 129], "wire.bad_field"),
    ([7], "wire.bad_field"),
])  # fmt: skip
def test_what_cannot_be_retired_changes_nothing(book, names, code):
    before = book.ledger.state.root
    assert retire(book, *names)["code"] == code
    assert book.ledger.state.get(b"retired/Loan") is None
    assert book.ledger.state.root != before  # the sender's nonce
    assert book.act("county2", "Loan", "ask", **ASK)["status"] == "applied"


@pytest.mark.clause("CTR-D11")
def test_an_instance_that_another_contract_would_begin_is_not_begun_either():
    caller = b"""
contract Helper version 1;
party who: Hospital;
start { Asking may open becomes done; }
state done;
"""
    asking = b"""
contract Asking version 1;
party who: Hospital;
start { who may begin becomes waiting; }
state waiting { who may call then { create Helper.open(who = who); } becomes called; wait 1 days becomes called; }
state called;
"""
    checked = check([("alliance.yl", _alliance()), ("h.yl", caller), ("a.yl", asking)])
    assert not checked.errors, checked.errors
    book = Book("anchor")
    modules = [ir.to_json(one) for one in checked.modules if one.name in ("Helper", "Asking")]
    assert book.submit("city3", DEPLOY, {"modules": modules})["status"] == "applied"
    begun = book.act("county2", "Asking", "begin", who="county2")["events"][0]["instance"]
    retire(book, "Helper")
    assert book.act("county2", "Asking", "call", begun)["code"] == "contract.retired"


def _alliance():
    from importlib.resources import files

    return files("contracts_dsl").joinpath("library", "alliance.yl").read_bytes()
