"""The published schema of the IR says of every JSON value what the reader of the IR says of it."""

import copy
import json
from functools import cache
from random import Random

import jsonschema
import pytest

from contracts_dsl import ir
from tests.language import generate, ir_schema
from tests.language.packages import library, native
from tests.language.stage import compiled
from tests.language.test_contracts_in_time import CALLS, LOAN
from tests.language.test_decisions import POLICY, RECORD


@cache
def validator() -> jsonschema.Draft202012Validator:
    found = json.loads(ir_schema.PLACE.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def test_the_published_schema_is_that_of_the_code():
    assert ir_schema.PLACE.read_text(encoding="utf-8") == ir_schema.text(), "python -m tests.language.ir_schema --write"


@pytest.mark.clause("CTR-T15")
def test_every_module_there_is_fits_the_schema():
    for module in (*library("en").modules, *native().modules, *generate.modules(Random(1))):
        validator().validate(ir.to_json(module))


def places(value, path=()):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        yield (*path, step), inner
        yield from places(inner, (*path, step))


def altered(plain, random):
    """A copy with one place replaced, removed or added."""
    spoilt = copy.deepcopy(plain)
    spots = list(places(plain))
    path, _ = random.choice(spots)
    place = spoilt
    for step in path[:-1]:
        place = place[step]
    match random.randint(0, 3):
        case 0:
            del place[path[-1]]
        case 1 if isinstance(place, dict):
            place[random.choice(["stray", "value", "args", "by", "kind", "else"])] = random.choice([None, 0, [], "x"])
        case _:
            place[path[-1]] = copy.deepcopy(
                random.choice([None, 0, 1, 2.5, "", "x", True, [], {}, random.choice(spots)[1]])
            )
    return spoilt


@pytest.mark.clause("CTR-T15")
def test_the_schema_accepts_exactly_the_shapes_that_the_reader_accepts():
    counts = {True: 0, False: 0}
    plain = [ir.to_json(module) for module in compiled(LOAN, CALLS, RECORD, POLICY)]
    for seed in range(1_500):
        random = Random(seed)
        spoilt = altered(random.choice(plain), random)
        try:
            ir.from_json(spoilt)
            read = True
        except ir.IrError:
            read = False
        assert validator().is_valid(spoilt) == read, (seed, spoilt)
        counts[read] += 1
    assert min(counts.values()) > 150
