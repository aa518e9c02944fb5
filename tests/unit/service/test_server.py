"""The service behind its socket: it starts, follows, survives whatever is sent, and ends with its file whole."""

import json

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from refimpl.crypto.recipes import key_for_tests, verifier
from refimpl.data.block import Genesis
from refimpl.data.ids import ChannelId, MemberId, Nonce, Suite
from refimpl.data.transaction import COMMAND, Transaction
from refimpl.node.follower import Follower
from refimpl.service.operations import OPERATIONS as TABLE
from refimpl.service.requests import Asked
from tests.conftest import call
from tests.house.tree import ROOT
from tests.serving import Serving


@pytest.fixture(scope="module")
def serving(tmp_path_factory):
    with Serving(tmp_path_factory.mktemp("serve")) as made:
        yield made


@pytest.fixture
def client(serving):
    with httpx.Client(base_url=serving.url, timeout=30) as made:
        yield made


def blocks_in(lines):
    """(id, data) of the events of a stream, as they come."""
    height = None
    for line in lines:
        if line.startswith("id: "):
            height = int(line[4:])
        elif line.startswith("data: "):
            yield height, json.loads(line[6:])


def approve(serving, client):
    """A transaction that the ledger takes or refuses, in a block of its own either way."""
    held = client.get("/v1/me", auth=serving.signer("hill-hc")).json()["next_nonce"]
    payload = {"action": "approve", "arguments": [], "contract": "Referral", "instance": 6}
    who = MemberId("hill-hc")
    drafted = Transaction(Suite.INTL, ChannelId("river-city"), Nonce(held), (who,), COMMAND, payload)
    data = drafted.signed({who: key_for_tests(Suite.INTL, who)}).to_bytes()
    return client.post("/v1/transactions", content=data, auth=serving.signer("hill-hc"))


@pytest.mark.system("A7")
@pytest.mark.clause("APP-059")
def test_A7_a_follower_fed_by_the_stream_holds_what_the_validator_holds(serving, client):
    """Every block from the first on, those decided while it listens included; the follower believes none of them."""
    signer = serving.signer("patient2")
    genesis = Genesis.from_bytes(bytes.fromhex(client.get("/v1/genesis", auth=signer).json()["bytes"]))
    follower, _ = Follower.begin(genesis, verifier(Suite.INTL))
    start = client.get("/v1/tip", auth=signer).json()["height"]
    with client.stream("GET", "/v1/stream?from=1", auth=signer) as stream:
        for height, told in blocks_in(stream.iter_lines()):
            assert height == follower.height + 1
            follower.take(bytes.fromhex(told["block"]), None)
            assert told["id"] == follower.ledger.tip.block.hex()
            if height == start:
                assert approve(serving, client).status_code == 202
            if height == start + 1:
                break
    tip = client.get("/v1/tip", auth=signer).json()
    assert (tip["height"], tip["state_root"]) == (start + 1, follower.ledger.state.root.hex())


@pytest.mark.system("A7")
def test_A7_monitoring_reads_health_and_metrics_without_a_key(client):
    assert client.get("/v1/health").json()["status"] == "ok"
    page = client.get("/v1/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    counted = dict(line.rsplit(" ", 1) for line in page.text.splitlines() if not line.startswith("#"))
    assert int(counted["yilian_height"]) >= 10
    assert int(counted["yilian_members"]) == 9


@pytest.mark.parametrize("path", ["/", "/client.mjs", "/canonical.mjs", "/ledger.mjs", "/words.mjs", "/style.css"])
def test_the_page_is_served_with_its_guards(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", [
    "/..%2fserver.py", "/server.py", "/%2e%2e/%2e%2e/cli.py", "/v1/..%2f..%2f", "/%00.mjs", "/" + "x" * 999,
])  # fmt: skip
def test_nothing_else_is_served(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "query.unknown")


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_a_wrong_method_is_refused_with_the_right_one(client, method):
    answer = client.request(method, "/v1/tip")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


def test_a_body_over_every_limit_is_refused_and_the_next_request_is_answered(serving, client):
    answer = client.post("/v1/transactions", content=b"[" * 2_000_000, auth=serving.signer("city3"))
    assert (answer.status_code, answer.json()["code"]) == (413, "wire.too_large")
    assert client.get("/v1/tip", auth=serving.signer("city3")).status_code == 200


SCHEMA = schemathesis.openapi.from_path(ROOT / "spec" / "openapi.json")
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]
DRAWN = [one for one in OPERATIONS if one.path != "/v1/stream"]


@pytest.mark.system("A7")
@pytest.mark.parametrize("member", ["city-hc", "patient2"])
@pytest.mark.parametrize("operation", DRAWN, ids=lambda one: one.label)
def test_A7_whatever_is_asked_by_the_description_is_answered_by_it(serving, member, operation):
    """Every operation of spec/openapi.json but the endless one, with drawn values, as this member signs it."""

    @settings(max_examples=8, database=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy())
    def held(case):
        case.call_and_validate(base_url=serving.url.rstrip("/"), auth=SignedCase(serving, member), checks=CHECKS)

    held()


def test_the_description_lists_every_operation():
    assert len(OPERATIONS) == len(TABLE)


class SignedCase(requests.auth.AuthBase):
    """Signs a drawn request as a member, in the four headers."""

    def __init__(self, serving, member):
        self.serving, self.member = serving, member

    def __call__(self, request):
        path, _, query = request.path_url.partition("?")
        body = request.body or b""
        asked = Asked(request.method, path, query, {}, body.encode() if isinstance(body, str) else bytes(body))
        request.headers.update(self.serving.headers(self.member, asked))
        return request


@pytest.mark.parametrize(("language", "listening", "stopped"), [
    ("en", "Ctrl-C ends it", "stopped"), ("zh", "Ctrl-C 停止", "已停止"),
])  # fmt: skip
def test_it_starts_and_stops_in_either_language_and_leaves_one_whole_file(tmp_path, language, listening, stopped):
    with Serving(tmp_path, language) as serving:
        assert listening in serving.first
        with httpx.Client(base_url=serving.url) as client, client.stream(
            "GET", "/v1/stream?from=1", auth=serving.signer("gp")
        ) as stream:
            next(stream.iter_lines())
            serving.__exit__()  # with somebody listening
    assert serving.status == 0
    assert stopped in serving.last
    ledger = serving.papers / "ledger.sqlite"
    assert not ledger.with_name("ledger.sqlite-wal").exists()
    assert call("verify", ledger).exit_code == 0
