"""The description of the service in OpenAPI 3.1, written from the table of its operations.

`python -m refimpl.service.openapi` prints it; spec/openapi.json is that text, and a test holds the two equal.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from refimpl.data.limits import SERVICE_ANSWER_ITEMS
from refimpl.service.operations import OPERATIONS, STATUS, Operation, Parameter
from refimpl.service.requests import CERTIFICATE, NONCE, SIGNATURE, TIME

__all__ = ["document", "text"]

_TEXT: Final[Mapping[str, Any]] = {"type": "string"}
_WHOLE: Final[Mapping[str, Any]] = {"type": "integer", "minimum": 0}
_HEX: Final[Mapping[str, Any]] = {"type": "string", "pattern": "^([0-9a-f]{2})*$"}
_ANY: Final[Mapping[str, Any]] = {"type": "object"}


def _object(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": sorted(fields), "additionalProperties": False}


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [dict(schema), {"type": "null"}]}


def _list(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": dict(schema)}


_ROW: Final = _object(contract=_TEXT, entered=_WHOLE, instance=_WHOLE, state=_TEXT, values=_ANY, version=_WHOLE)
_LINE: Final = _object(
    act={"enum": ["recorded", "changed", "read", "denied"]}, at=_WHOLE, beside=_list(_TEXT), code=_or_null(_TEXT),
    contract=_TEXT, fields=_list(_TEXT), height=_WHOLE, purpose=_or_null(_TEXT), record=_WHOLE, tx=_TEXT,
    verdicts=_list(_list(_TEXT)), who=_TEXT,
)  # fmt: skip
_EVENT: Final = _object(
    at=_WHOLE, body=_ANY, code=_or_null(_TEXT), contract=_TEXT, height=_WHOLE, instance=_or_null(_WHOLE), kind=_TEXT,
    parties=_list(_TEXT), signers=_list(_TEXT), tx=_or_null(_TEXT),
)  # fmt: skip
_CLAIM: Final = _object(
    certificate=_or_null(_ANY), data=_HEX, form={"enum": ["transaction", "receipt", "present", "absent"]}, header=_ANY,
    index=_WHOLE, key=_HEX, path=_list(_HEX), size=_WHOLE, way=_or_null(_ANY),
)  # fmt: skip

SCHEMAS: Final[Mapping[str, Any]] = {
    "Audit": _object(events=_list(_EVENT), more={"type": "boolean"}, region=_TEXT),
    "Block": _object(
        block=_HEX, certificate=_or_null(_HEX), header=_ANY, id=_HEX,
        transactions=_list(_object(kind=_TEXT, signers=_list(_TEXT), tx=_HEX)),
    ),
    "Bytes": _object(bytes=_HEX),
    "Claim": _CLAIM,
    "Directory": _object(nodes=_list(_object(attributes=_ANY, kind=_TEXT, name=_TEXT, parent=_or_null(_TEXT)))),
    "Entry": _object(claim=_or_null(_CLAIM), height=_WHOLE, key=_HEX, state_root=_HEX, value=_or_null(_HEX), way=_ANY),
    "Health": _object(channel=_TEXT, engine=_TEXT, height=_WHOLE, status={"const": "ok"}, suite=_TEXT,
                      writable={"type": "boolean"}),
    "Instances": _object(instances=_list(_ROW) | {"maxItems": SERVICE_ANSWER_ITEMS}, more={"type": "boolean"}),
    "Me": _object(channel=_TEXT, kind=_or_null(_TEXT), member=_TEXT, names=_list(_TEXT), next_nonce=_WHOLE,
                  not_after=_WHOLE, region=_or_null(_TEXT), role={"enum": ["validator", "member", "auditor"]},
                  time=_WHOLE),
    "Members": _object(members=_list(_object(member=_TEXT, pub=_HEX, role=_TEXT, weight=_WHOLE))),
    "Receipt": _object(height=_WHOLE, receipt=_ANY),
    "Refusal": _object(at=_TEXT, code=_TEXT, message=_TEXT, values=_ANY),
    "Submitted": _object(tx=_HEX),
    "Text": _TEXT,
    "Tip": _object(block=_HEX, height=_WHOLE, receipts_root=_HEX, state_root=_HEX, time=_WHOLE),
    "Trace": _object(entries=_list(_LINE), records=_list(_WHOLE)),
}  # fmt: skip
"""The shapes of answers, by name."""


def document() -> dict[str, Any]:
    """The whole description."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.template, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "yilian: the service of a member", "version": "1.0.0", "license": {"name": "Apache-2.0"},
            "description": "Who may ask what, and how a request is signed: spec/application.md, APP-050 to APP-059. "
            "Whatever may not be seen is answered as what does not exist.",
        },
        "paths": paths,
        "components": {"schemas": dict(SCHEMAS), "securitySchemes": _schemes()},
        "x-status": {code.value: status for code, status in sorted(STATUS.items())},
    }  # fmt: skip


def _schemes() -> dict[str, Any]:
    return {name: {"type": "apiKey", "in": "header", "name": name} for name in (CERTIFICATE, NONCE, SIGNATURE, TIME)}


def _described(operation: Operation) -> dict[str, Any]:
    """One operation."""
    refused = {400, *operation.refusals} | ({401, 403, 429} if operation.signed else set())
    content = {operation.kind.partition(";")[0]: {"schema": _schema(operation.answer)}}
    answers: dict[str, Any] = {str(operation.status): {"description": operation.summary, "content": content}}
    for status in sorted(refused):
        told = {"application/json": {"schema": _schema("Refusal")}}
        answers[str(status)] = {"description": "Refused with a code of spec/errors.toml", "content": told}
    described: dict[str, Any] = {
        "operationId": operation.id, "summary": operation.summary, "responses": answers,
        "parameters": [*(_parameter(one, "path") for one in operation.path),
                       *(_parameter(one, "query") for one in operation.query)],
        "security": [{name: [] for name in _schemes()}] if operation.signed else [],
    }  # fmt: skip
    if operation.method == "POST":
        body = {"application/json": {"schema": _ANY}}
        described["requestBody"] = {"required": True, "description": "canonical bytes", "content": body}
    return described


def _parameter(one: Parameter, place: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": f"^({one.pattern})$"}
    return {"name": one.name, "in": place, "required": place == "path", "description": one.meaning, "schema": schema}


def _schema(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def text() -> str:
    """The description as the file has it."""
    return json.dumps(document(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    print(text(), end="")
