"""What is asked of the service and what it answers, without a socket; and who asks: a certificate and a signature.

Why signed requests and no sessions: there is no password to lose and no cookie to steal; whoever holds the member's
key can ask, nobody else, and an intermediary can neither change a question nor ask it again. It must not know what is
asked for, nor read a clock: the second comes in. Source: spec/application.md, APP-050 to APP-053.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final

from attrs import define, field, frozen

from refimpl.application.certificates import Identity, check_in_force, read_member
from refimpl.crypto.hazmat_x509 import Parsed
from refimpl.crypto.recipes import BadSignature, Digest, KeyPair, Verifier, digest, sign
from refimpl.data.encoding import encode
from refimpl.data.ids import ChannelId, MemberId
from refimpl.data.limits import CERTIFICATE_BYTES, SERVICE_REMEMBERED, SERVICE_WINDOW_SECONDS
from refimpl.data.members import Membership
from refimpl.data.refusal import Code, Refused

__all__ = ["CERTIFICATE", "NONCE", "SIGNATURE", "TIME", "Answer", "Asked", "Doorkeeper", "message_of", "signed_headers"]

CERTIFICATE: Final = "yilian-certificate"
"""Header: the member's certificate, DER in base64."""
NONCE: Final = "yilian-nonce"
"""Header: 32 hexadecimal digits that this member has not used in the window."""
SIGNATURE: Final = "yilian-signature"
"""Header: 128 hexadecimal digits."""
TIME: Final = "yilian-time"
"""Header: seconds since 1970, when the request was made."""

_TAG: Final = "yilian/request/v1"
_NONCE: Final = re.compile(r"[0-9a-f]{32}")
_SIGNATURE: Final = re.compile(r"[0-9a-f]{128}")
_TIME: Final = re.compile(r"0|[1-9][0-9]{0,11}")


@frozen
class Asked:
    """One request. `path` and `query` are as they were sent, percent signs included; header names in small letters."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = b""


@frozen
class Answer:
    """One answer; `follow` is the first height of a stream of blocks that goes on from there, None for a whole one.

    `still` raises once whoever follows is no member in force any more: no further block is told then.
    """

    status: int
    body: bytes = b""
    kind: str = "application/json"
    follow: int | None = None
    headers: Mapping[str, str] = field(factory=dict)
    still: Callable[[], None] = lambda: None


def message_of(asked: Asked, channel: ChannelId, nonce: str, time: int) -> Digest:
    """What the asking member signs (APP-050)."""
    return digest(_TAG, encode({
        "body": sha256(asked.body).hexdigest(), "channel": channel, "method": asked.method, "nonce": nonce,
        "path": asked.path, "query": asked.query, "time": time,
    }))  # fmt: skip


def signed_headers(
    asked: Asked, channel: ChannelId, key: KeyPair, certificate: bytes, nonce: str, time: int
) -> dict[str, str]:
    """The headers that make a request the member's own; `nonce` is drawn by the caller."""
    return {
        CERTIFICATE: base64.b64encode(certificate).decode("ascii"), NONCE: nonce, TIME: str(time),
        SIGNATURE: sign(key, message_of(asked, channel, nonce, time)).hex(),
    }  # fmt: skip


@define
class Doorkeeper:
    """Says who asks, or refuses; remembers the requests of the window, so that none is answered twice."""

    authority: Parsed
    channel: ChannelId
    verify: Verifier
    _seen: dict[tuple[MemberId, str], int] = field(factory=dict, init=False)

    def admit(self, asked: Asked, members: Membership, block_time: int, now: int) -> Identity:
        """The member that asks, at second `now` of this service's clock (APP-051 to APP-053).

        In this order: `service.unsigned`, what `read_member` raises, `member.certificate_revoked`,
        `service.out_of_time`, `service.bad_signature`, `service.replayed`, `service.too_many`.
        """
        der, nonce, time, signature = _credentials(asked.headers)
        identity = read_member(der, self.authority, max(block_time, now))
        check_in_force(identity, members)
        if abs(now - time) > SERVICE_WINDOW_SECONDS:
            raise Refused(Code.SERVICE_OUT_OF_TIME, most=SERVICE_WINDOW_SECONDS)
        try:
            self.verify(identity.public, message_of(asked, self.channel, nonce, time), signature)
        except BadSignature:
            raise Refused(Code.SERVICE_BAD_SIGNATURE) from None
        self._remember(identity.member, nonce, time, now)
        return identity

    def _remember(self, member: MemberId, nonce: str, time: int, now: int) -> None:
        self._seen = {key: until for key, until in self._seen.items() if until >= now}
        if (member, nonce) in self._seen:
            raise Refused(Code.SERVICE_REPLAYED)
        if sum(who == member for who, _ in self._seen) >= SERVICE_REMEMBERED:
            raise Refused(Code.SERVICE_TOO_MANY, most=SERVICE_REMEMBERED, seconds=2 * SERVICE_WINDOW_SECONDS)
        self._seen[member, nonce] = time + SERVICE_WINDOW_SECONDS


def _credentials(headers: Mapping[str, str]) -> tuple[bytes, str, int, bytes]:
    certificate, nonce = headers.get(CERTIFICATE, ""), headers.get(NONCE, "")
    time, signature = headers.get(TIME, ""), headers.get(SIGNATURE, "")
    shaped = _NONCE.fullmatch(nonce) and _TIME.fullmatch(time) and _SIGNATURE.fullmatch(signature)
    if not shaped or not 0 < len(certificate) <= 2 * CERTIFICATE_BYTES:
        raise Refused(Code.SERVICE_UNSIGNED)
    try:
        der = base64.b64decode(certificate, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(Code.SERVICE_UNSIGNED) from None
    return der, nonce, int(time), bytes.fromhex(signature)
