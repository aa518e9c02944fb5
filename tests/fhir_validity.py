"""`valid`: what an independent reader of FHIR says of bytes that were written here."""

import json
from typing import Any

from fhir.resources.R4B import get_fhir_model_class

from contracts_dsl.testing import START

NOW = START


def valid(data: bytes) -> Any:
    """The resource as `fhir.resources` (R4B) reads it; raises what it raises for one that is not valid."""
    kind = json.loads(data)["resourceType"]
    return get_fhir_model_class(kind).model_validate_json(data)
