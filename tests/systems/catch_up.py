"""An attacker races the engine of proof of work: how often it catches up, beside the exact probability (system row E3).

    python -m tests.systems.catch_up [--trials 20000] [--seed 1]

Two engines mine in earnest: one in public, one in secret from the same block. Chance decides only whose turn it is to
search. While the public branch grew by z blocks the secret one grew by a Poisson number with mean z q / p, as in the
published formula; then each block is the attacker's with probability q, until it is level or `GIVE_UP` blocks behind.
An attacker that is level mines one block more. Whether it won is read off the public engine, which is shown the secret
branch and keeps it or not. It must not know the formula: `spec/proofs/longest_chain.py` does.
"""

import argparse
import json
import runpy
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from math import comb, exp
from random import Random
from typing import NamedTuple

from attrs import evolve

from conformance.adapters.line_ledger import name_of
from conformance.adapters.reference import Book, IdealNotary, member
from refimpl.consensus import interface as api
from refimpl.consensus.interface import Validators
from refimpl.consensus.longest_chain import BLOCK, SLOT
from refimpl.consensus.nakamoto import SPACING, Nakamoto
from refimpl.data.ids import Digest, Height
from refimpl.data.seal import solve
from tests.house.tree import ROOT

ROWS = (("0.1", 1), ("0.1", 2), ("0.3", 5), ("0.3", 10))
"""(share of the attacker, blocks that it is behind), as in the published table."""
GIVE_UP = 14
"""So far behind, it catches up with probability (q / p)^14, which is added to what is allowed."""
MISTAKE = Fraction(1, 1000)
"""How often the interval may miss the true probability."""
PROOF = ROOT / "spec" / "proofs" / "longest_chain.py"
WHOLE = Validators.of({member(0): 1, member(1): 1})


class Patient(Nakamoto):
    """The engine of somebody who waits very long, so that every race stays open."""

    promise = evolve(Nakamoto.promise, finality={"kind": "depth", "k": 10_000})


class Miner:
    """One engine that mines when it is told to, a block every `SPACING` slots, so that the difficulty stays."""

    def __init__(self, node: int, book: Book) -> None:
        self.node = node
        self.engine = Patient(member(node), IdealNotary(member(node), book))
        self.memory = self.engine.start()
        self.made: list[api.Message] = []
        self.feed(api.Begin(Height(1), WHOLE))

    def feed(self, event: api.Input, *, lucky: bool = False) -> None:
        """One input, and the answers to what the engine asks; a search finds something only for the lucky."""
        self.memory, effects = self.engine.step(self.memory, event)
        for effect in effects:
            match effect:
                case api.AskPayload(height, round_):
                    payload = b"%d of %d" % (height, self.node)
                    self.feed(api.Offer(height, round_, payload, name_of(payload)), lucky=lucky)
                case api.AskWork(_, _, puzzle, bits) if lucky:
                    self.feed(api.Worked(puzzle, solve(puzzle, bits, 64 << bits)))
                case api.AskVerdict(height, value):
                    self.feed(api.Verdict(height, value, True, True))
                case api.Send(message) if message.kind == BLOCK:
                    self.made.append(message)

    def pass_slots(self, count: int, *, lucky: bool) -> None:
        """Let slots pass, and make a block in the last of them if lucky."""
        for left in range(count, 0, -1):
            timer = api.Timer(SLOT, Height(self.memory.decided + 1), self.memory.round)
            self.feed(api.Expire(timer), lucky=lucky and left == 1)

    def mine(self) -> None:
        """One block more."""
        before = len(self.made)
        self.pass_slots(SPACING, lucky=True)
        assert len(self.made) == before + 1, "a search of 64 times the average finds a nonce"


def poisson(rng: Random, mean: float) -> int:
    """A number of events of which so many are usual."""
    draw, count, chance = rng.random(), 0, exp(-mean)
    while draw >= chance:
        draw, count = draw - chance, count + 1
        chance *= mean / count
    return count


def race(rng: Random, share: float, z: int) -> bool:
    """Whether the attacker's branch is the best one in the end."""
    book = Book()
    public, secret = Miner(0, book), Miner(1, book)
    for _ in range(z):
        public.mine()
    behind = z - poisson(rng, z * share / (1 - share))
    for _ in range(min(z - behind, z)):
        secret.mine()
    while 0 < behind < GIVE_UP:
        mines = secret if rng.random() < share else public
        mines.mine()
        behind = len(public.made) - len(secret.made)
    if behind <= 0:
        secret.mine()
    return shown(public, secret)


def shown(public: Miner, secret: Miner) -> bool:
    """Show the secret branch to the public engine: whether it changes over."""
    public.pass_slots(max(0, secret.memory.round - public.memory.round), lucky=False)
    for block in secret.made:
        public.feed(api.Receive(block))
    best: Digest = public.engine.heaviest(public.memory)
    return bool(secret.made) and best == public.engine.seal(secret.made[-1])


@cache
def exact(share: str, z: int) -> tuple[Fraction, Fraction]:
    """Rationals below and above the probability; the proofs are scripts and no package."""
    found: tuple[Fraction, Fraction] = runpy.run_path(str(PROOF))["catch_up"](Fraction(share), z)
    return found


class Result(NamedTuple):
    """What came of some races."""

    share: str
    z: int
    trials: int
    caught: int
    exact: float
    agrees: bool

    @property
    def rate(self) -> float:
        """How often it caught up."""
        return self.caught / self.trials


def agrees(caught: int, trials: int, low: Fraction, high: Fraction) -> bool:
    """Whether a probability between these lies in the exact (Clopper and Pearson) interval of the count."""
    at_least = sum(chance(trials, k, high) for k in range(caught, trials + 1))
    at_most = sum(chance(trials, k, low) for k in range(caught + 1))
    return min(at_least, at_most) >= MISTAKE / 2


def chance(trials: int, k: int, probability: Fraction) -> float:
    """Of the binomial distribution, the chance of exactly `k`."""
    p = Fraction(probability).limit_denominator(10**9)
    return float(comb(trials, k) * Fraction(p.numerator**k * (p.denominator - p.numerator) ** (trials - k),
                                            p.denominator**trials))  # fmt: skip


def races(share: str, z: int, trials: int, seed: int, tell: Callable[[int], None] = lambda done: None) -> Result:
    """So many races, the same ones for the same seed, beside the exact probability."""
    rng, caught = Random(f"{seed}/{share}/{z}"), 0
    for number in range(trials):
        caught += race(rng, float(share), z)
        tell(number + 1)
    low, high = exact(share, z)
    ratio = Fraction(share) / (1 - Fraction(share))
    within = agrees(caught, trials, low - ratio**GIVE_UP, high)
    return Result(share, z, trials, caught, float((low + high) / 2), within)


def main(arguments: list[str] | None = None) -> Iterator[Result]:
    """Every row; progress on stderr."""
    parser = argparse.ArgumentParser(prog="python -m tests.systems.catch_up")
    parser.add_argument("--trials", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    for share, z in ROWS:

        def tell(done: int, share: str = share, z: int = z) -> None:
            if done % 100 == 0 or done == options.trials:
                print(f"\rq {share} z {z}: {done} of {options.trials}", end="", file=sys.stderr, flush=True)

        yield races(share, z, options.trials, options.seed, tell)
        print(file=sys.stderr)


if __name__ == "__main__":
    found = [{**result._asdict(), "rate": result.rate} for result in main()]
    print(json.dumps({"schema": "yilian/catch-up/v1", "rows": found}, sort_keys=True))
    sys.exit(not all(one["agrees"] for one in found))
