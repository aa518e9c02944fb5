"""Drawn programs and steps as vectors, answered by the reference, for interpreters in other languages to answer.

    python -m tests.language.drawn_vectors FOLDER [--programs N] [--steps N] [--seed N]

The kept vectors meet everything once; these meet it in combinations that nobody thought of: programs from the generator
with commands, requests and time, and modules with something changed anywhere. `make nodes` has them answered by the
independent node and compared. They are never committed; the same seed draws the same.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from contracts_dsl import decide, interpret, ir, verify
from contracts_dsl.host import Refused
from tests.language import fuzz, generate, inputs
from tests.language.vector_play import ledger, plain, refusal

SPOILT_A_PROGRAM = 12
Case = dict[str, Any]


def case(name: str, kind: str, given: Any, expect: Any) -> Case:
    """A case as the kept vectors have it, with no more than an answer needs."""
    return {"clauses": [], "expect": expect, "id": name, "input": given, "kind": kind, "level": "L1", "why": "drawn"}


def played(seed: int, steps: int) -> Iterator[Case]:
    """One drawn program and what is done with it."""
    random = Random(seed)
    modules = generate.modules(random)
    program = verify.load(modules)
    world, name = inputs.world(random, program), f"drawn{seed}"
    ids = [{"id": ir.digest(one), "name": one.name, "version": one.version} for one in modules]
    yield case(name, "contract.program", {"modules": [ir.to_json(one) for one in modules]}, {"ok": {"ids": ids}})
    for number in range(steps):
        at = f"{name}.{number}"
        given: Any = {"program": name, "ledger": ledger(world)}
        asked = inputs.request(random, program, world) if random.random() < 0.25 else None
        try:
            if asked is not None:
                found = decide.read(program, world, asked)
                told = [{key: plain(getattr(one, key)) for key in ("field", "outcome", "permits", "forbids", "nearest")}
                        for one in found.verdicts]  # fmt: skip
                code = found.refused.code if found.refused else None
                given, kind, changes = given | {"read": plain_request(asked)}, "access.decide", found.changes
                yield case(at, kind, given, {"ok": {"changes": plain(changes), "code": code, "verdicts": told}})
            elif random.random() < 0.2:
                goal = world.now() + random.choice([0, 1, 9, 30]) * inputs.HOUR
                changes = interpret.advance(program, world, goal)
                yield case(at, "contract.step", given | {"advance": goal}, {"ok": plain(changes)})
            else:
                order = inputs.command(random, program, world)
                given |= {"command": plain(order)}
                changes = interpret.command(program, world, order)
                yield case(at, "contract.step", given, {"ok": plain(changes)})
        except Refused as refused:
            kind = "contract.step" if asked is None else "access.decide"
            yield case(at, kind, given if asked is None else given | {"read": plain_request(asked)}, refusal(refused))
            continue
        world.apply(changes)


def plain_request(asked: decide.Request) -> Any:
    """A request as a case carries it."""
    return {key: plain(getattr(asked, key)) for key in ("contract", "fields", "purpose", "record", "signers")}


def spoilt(seed: int) -> Iterator[Case]:
    """Modules with something changed anywhere, each beside the schema that they need."""
    random = Random(seed)
    schema = json.loads(fuzz.modules()[0])
    for number in range(SPOILT_A_PROGRAM):
        try:
            module = json.loads(fuzz.of_module(random))
        except ValueError:
            continue
        both = [schema, module]
        yield case(f"spoilt{seed}.{number}", "contract.program", {"modules": both}, judged(both))


def judged(values: list[Any]) -> Any:
    """Whether the reference takes modules."""
    try:
        modules = [ir.from_json(one) for one in values]
        verify.load(modules)
    except ir.IrError:
        return {"refused": {"code": "bad_package"}}
    return {"ok": {"ids": [{"id": ir.digest(one), "name": one.name, "version": one.version} for one in modules]}}


def text(seed: int, steps: int) -> str:
    """A file: what is drawn from a seed."""
    info = {"_info": {"source": "tests/language/drawn_vectors.py", "seed": seed}}
    rows = [info, *played(seed, steps), *spoilt(seed)]
    return "".join(
        json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n" for row in rows
    )  # fmt: skip


def main() -> None:
    """Write one file a program."""
    parser = argparse.ArgumentParser("python -m tests.language.drawn_vectors")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--programs", type=int, default=40)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    for seed in range(asked.seed, asked.seed + asked.programs):
        (asked.folder / f"drawn{seed:06}.jsonl").write_text(text(seed, asked.steps), encoding="utf-8")


if __name__ == "__main__":
    main()
