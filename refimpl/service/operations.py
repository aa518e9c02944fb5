"""What can be asked of the service, as one table: the gateway answers by it and spec/openapi.json is written from it.

It must not know how a question is answered. Source: spec/application.md, APP-055.
"""

import re
from typing import Final

from attrs import field, frozen

from refimpl.data.refusal import Code, Refused

__all__ = ["OPERATIONS", "STATUS", "Operation", "Parameter", "find", "query_of", "status_of"]

_HEIGHT: Final = r"0|[1-9][0-9]{0,8}"
_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"


@frozen
class Parameter:
    """One value in a path or a query."""

    name: str
    pattern: str
    """A regular expression of Python and of ECMA-262 that the whole value matches."""
    meaning: str


@frozen
class Operation:
    """One question. Path segments in braces are parameters of the path."""

    id: str
    method: str
    template: str
    summary: str
    answer: str
    """Name of the schema of a good answer."""
    path: tuple[Parameter, ...] = ()
    query: tuple[Parameter, ...] = ()
    signed: bool = True
    kind: str = "application/json"
    status: int = 200
    refusals: tuple[int, ...] = field(default=())
    """Statuses besides those of every operation."""


_AT: Final = Parameter("height", _HEIGHT, "height of a block")
_TX: Final = Parameter("tx", r"[0-9a-f]{64}", "id of a transaction")
_KEY: Final = Parameter("key", r"([0-9a-f]{2}){1,255}", "key of the state, in hexadecimal")
_PATIENT: Final = Parameter("patient", _NAME, "a patient's name in the channel")
_INSTANCE: Final = Parameter("record", _HEIGHT, "number of a record's entry")
_REGION: Final = Parameter("region", _NAME, "a region of the directory")
_CONTRACT: Final = Parameter("contract", _NAME, "name of a contract")
_INDEX: Final = Parameter("index", _HEIGHT, "place of the transaction in its block")
_FROM: Final = Parameter("from", _HEIGHT, "first height to be told")
_PAST: Final = Parameter("after", _HEIGHT, "instances behind this number")

OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation("health", "GET", "/v1/health", "Whether the service answers, and for which channel", "Health",
              signed=False),
    Operation("metrics", "GET", "/v1/metrics", "Counters in the text form of Prometheus; nothing of any member", "Text",
              signed=False, kind="text/plain; version=0.0.4; charset=utf-8"),
    Operation("me", "GET", "/v1/me", "Who asks, by the certificate, and the next nonce", "Me"),
    Operation("tip", "GET", "/v1/tip", "The last block and the state after it", "Tip"),
    Operation("members", "GET", "/v1/members", "The members in force", "Members"),
    Operation("directory", "GET", "/v1/directory", "The nodes of the directory", "Directory"),
    Operation("genesis", "GET", "/v1/genesis", "Block 0, in canonical bytes", "Bytes"),
    Operation("block", "GET", "/v1/blocks/{height}", "A block with its certificate", "Block", (_AT,), refusals=(404,)),
    Operation("transaction_proof", "GET", "/v1/blocks/{height}/proofs/{index}",
              "A claim (APP-022) that a transaction stands in a block", "Claim", (_AT, _INDEX), refusals=(404,)),
    Operation("follow", "GET", "/v1/stream", "Server-sent events: every block from a height on, as they are decided",
              "Text", query=(_FROM,), kind="text/event-stream"),
    Operation("state", "GET", "/v1/state/{key}", "What the state holds under a key, with its proof", "Entry", (_KEY,),
              (_AT,), refusals=(404,)),
    Operation("receipt", "GET", "/v1/transactions/{tx}", "What became of a transaction", "Receipt", (_TX,),
              refusals=(404,)),
    Operation("submit", "POST", "/v1/transactions", "Hand in a transaction in canonical bytes (DAT-060)", "Submitted",
              status=202, refusals=(409, 413, 422, 503)),
    Operation("records", "GET", "/v1/patients/{patient}/records", "What is kept of a patient", "Instances", (_PATIENT,),
              refusals=(404,)),
    Operation("patient_trace", "GET", "/v1/patients/{patient}/trace", "Who recorded and who saw (APP-020)", "Trace",
              (_PATIENT,), refusals=(404,)),
    Operation("record_trace", "GET", "/v1/records/{record}/trace", "Who recorded and who saw one record", "Trace",
              (_INSTANCE,), refusals=(404,)),
    Operation("audit", "GET", "/v1/regions/{region}/audit", "Every event of a region, its latest first (APP-021)",
              "Audit", (_REGION,)),
    Operation("instances", "GET", "/v1/contracts/{contract}/instances", "The instances of a contract that the asking "
              "member may see, from the latest back", "Instances", (_CONTRACT,), (_PAST,)),
)  # fmt: skip
"""Every question, in the order of the page."""

STATUS: Final = {
    Code.WIRE_TOO_LARGE: 413, Code.QUERY_NOT_FOUND: 404, Code.QUERY_UNKNOWN: 404, Code.TX_NONCE_USED: 409,
    Code.TX_POOL_FULL: 503, Code.SERVICE_UNSIGNED: 401, Code.SERVICE_OUT_OF_TIME: 401,
    Code.SERVICE_BAD_SIGNATURE: 401, Code.SERVICE_REPLAYED: 401, Code.SERVICE_TOO_MANY: 429,
    Code.SERVICE_FORBIDDEN: 403, Code.SERVICE_WRONG_METHOD: 405, Code.SERVICE_READ_ONLY: 409,
    Code.MEMBER_BAD_CERTIFICATE: 401, Code.MEMBER_WEAK_KEY: 401, Code.MEMBER_CERTIFICATE_EXPIRED: 403,
    Code.MEMBER_CERTIFICATE_REVOKED: 403,
}  # fmt: skip
"""The status of HTTP that a code is answered with; those of the area `tx` else with 422, all others with 400."""


def status_of(code: Code) -> int:
    """The status for a refusal (APP-053)."""
    return STATUS.get(code, 422 if code.area == "tx" else 400)


def find(method: str, path: str) -> tuple[Operation, dict[str, str]]:
    """The question that stands under a path as it was sent, with its parameters.

    `query.unknown` for a path that none has, `service.wrong_method`, `wire.bad_field` for a parameter.
    """
    segments = path.split("/")
    fitting = [(one, found) for one in OPERATIONS if (found := _fit(one.template.split("/"), segments)) is not None]
    if not fitting:
        raise Refused(Code.QUERY_UNKNOWN, got="at this path", expected="those of /v1 in spec/openapi.json")
    chosen = [(one, found) for one, found in fitting if one.method == method]
    if not chosen:
        raise Refused(Code.SERVICE_WRONG_METHOD, expected=", ".join(sorted({one.method for one, _ in fitting})))
    operation, given = chosen[0]
    return operation, {one.name: _value(one, given[one.name]) for one in operation.path}


def query_of(operation: Operation, query: str) -> dict[str, str]:
    """The parameters of a query as it was sent; `wire.bad_field` for one unknown, given twice or malformed."""
    known, found = {one.name: one for one in operation.query}, {}
    for part in query.split("&") if query else ():
        name, _, written = part.partition("=")
        if name not in known or name in found:
            raise Refused(Code.WIRE_BAD_FIELD, "/query", expected=", ".join(known) or "no parameter", got="another")
        found[name] = _value(known[name], written)
    return found


def _fit(template: list[str], segments: list[str]) -> dict[str, str] | None:
    if len(template) != len(segments):
        return None
    pairs = list(zip(template, segments, strict=True))
    if any(not wanted.startswith("{") and wanted != given for wanted, given in pairs):
        return None
    return {wanted[1:-1]: given for wanted, given in pairs if wanted.startswith("{")}


def _value(parameter: Parameter, written: str) -> str:
    """A value as it was sent: no pattern has a character that an address writes with a percent sign."""
    if not re.fullmatch(parameter.pattern, written):
        raise Refused(Code.WIRE_BAD_FIELD, f"/{parameter.name}", expected=parameter.meaning, got="something else")
    return written
