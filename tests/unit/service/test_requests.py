"""A request is its member's own, once, within its time; whatever else comes is refused and tells nothing."""

import base64
import json

import pytest

from refimpl.application.certificates import issue_member
from refimpl.crypto.hazmat_x509 import Authority
from refimpl.crypto.recipes import digest, key_for_tests
from refimpl.data.ids import MemberId, Suite
from refimpl.data.limits import SERVICE_REMEMBERED, SERVICE_WINDOW_SECONDS
from refimpl.data.members import Role
from refimpl.service import requests
from refimpl.service.requests import CERTIFICATE, NONCE, SIGNATURE, TIME, Asked
from tests.window import NOW, Window

TIP = Asked("GET", "/v1/tip")


@pytest.fixture
def window():
    return Window()


def outcome(window, asked, now=NOW):
    answer = window.gateway.answer(asked, now)
    return answer.status, json.loads(answer.body).get("code")


def with_headers(asked, **changed):
    return Asked(asked.method, asked.path, asked.query, changed.pop("headers"), asked.body)


@pytest.mark.clause("APP-050")
def test_a_member_is_answered_by_its_certificate_and_signature(window):
    assert window.told("patient1", "/v1/me")["member"] == "patient1"
    assert window.told("hill-hc", "/v1/me") | {"time": 0, "not_after": 0} == {
        "channel": "river-city", "kind": "Commission", "member": "hill-hc", "names": ["hill-hc"], "next_nonce": 0,
        "not_after": 0, "region": "hill", "role": "auditor", "time": 0,
    }  # fmt: skip


@pytest.mark.clause("APP-050")
@pytest.mark.parametrize("header", [CERTIFICATE, NONCE, SIGNATURE, TIME])
@pytest.mark.parametrize("value", [None, "", "zz", "é", "1" * 20_000])
def test_a_request_without_any_of_its_four_headers_is_unsigned(window, header, value):
    headers = window.headers("city3", TIP)
    headers.pop(header)
    if value is not None:
        headers[header] = value
    assert outcome(window, with_headers(TIP, headers=headers)) in {
        (401, "service.unsigned"), (401, "member.bad_certificate"),
    }  # fmt: skip


@pytest.mark.clause("APP-050", "APP-051")
@pytest.mark.parametrize("other", [
    Asked("GET", "/v1/members"), Asked("GET", "/v1/tip", ""), Asked("GET", "/v1/stream", "from=2"),
    Asked("POST", "/v1/transactions", "", {}, b"{}"),
])  # fmt: skip
def test_a_signature_fits_one_method_path_query_and_body(window, other):
    signed = window.headers("city3", Asked(other.method, other.path, other.query + "x", {}, other.body + b"x"))
    asked = Asked(other.method, other.path, other.query, signed, other.body)
    assert outcome(window, asked) == (401, "service.bad_signature")


@pytest.mark.clause("APP-051")
def test_another_members_key_does_not_sign_for_this_certificate(window):
    headers = window.headers("patient2", TIP) | {CERTIFICATE: window.headers("patient1", TIP)[CERTIFICATE]}
    assert outcome(window, with_headers(TIP, headers=headers)) == (401, "service.bad_signature")


@pytest.mark.clause("APP-051")
def test_a_request_is_answered_within_its_window_only(window):
    for away in (-SERVICE_WINDOW_SECONDS, SERVICE_WINDOW_SECONDS):
        assert outcome(window, with_headers(TIP, headers=window.headers("city3", TIP, NOW + away)))[0] == 200
    for away in (-SERVICE_WINDOW_SECONDS - 1, SERVICE_WINDOW_SECONDS + 1):
        late = with_headers(TIP, headers=window.headers("city3", TIP, NOW + away))
        assert outcome(window, late) == (401, "service.out_of_time")


def issued(public, role=Role.MEMBER, until=NOW + 1000, by="authority", member="patient1"):
    secret = digest("yilian/test-key/v1", by.encode())
    authority = Authority((("O", "Rehearsal"),), key_for_tests(Suite.INTL, by).public, lambda: secret)
    return issue_member(authority, MemberId(member), role, public, 9, (NOW - 1000, until))


@pytest.mark.clause("APP-051")
@pytest.mark.parametrize(("change", "status", "code"), [
    ({"until": NOW - 1}, 403, "member.certificate_expired"),
    ({"role": Role.AUDITOR}, 403, "member.certificate_revoked"),
    ({"member": "patient2"}, 403, "member.certificate_revoked"),
    ({"by": "somebody"}, 401, "member.bad_certificate"),
])  # fmt: skip
def test_a_certificate_that_is_not_in_force_lets_nobody_in(window, change, status, code):
    der = issued(key_for_tests(Suite.INTL, "patient1").public, **change)
    headers = window.headers("patient1", TIP) | {CERTIFICATE: base64.b64encode(der).decode()}
    assert outcome(window, with_headers(TIP, headers=headers)) == (status, code)


@pytest.mark.clause("APP-052")
def test_a_request_is_answered_once_even_if_its_signature_is_kept(window):
    ahead = with_headers(TIP, headers=window.headers("city3", TIP, NOW + SERVICE_WINDOW_SECONDS))
    assert outcome(window, ahead)[0] == 200
    for later in (0, SERVICE_WINDOW_SECONDS, 2 * SERVICE_WINDOW_SECONDS):
        assert outcome(window, ahead, NOW + later) == (401, "service.replayed")
    assert outcome(window, ahead, NOW + 2 * SERVICE_WINDOW_SECONDS + 1) == (401, "service.out_of_time")


@pytest.mark.clause("APP-052")
def test_a_member_cannot_fill_the_memory_and_hinders_nobody_else(window, monkeypatch):
    assert SERVICE_REMEMBERED >= 1000
    monkeypatch.setattr(requests, "SERVICE_REMEMBERED", 5)
    assert [window.ask("patient2", "/v1/tip").status for _ in range(6)] == [200] * 5 + [429]
    assert window.ask("patient1", "/v1/tip").status == 200
