"""`python -m tests.spec.traces`: the traces that stand in `spec/model/traces`, made again from their scenarios.

A few directed scenarios, the most telling of each model, are kept as traces, so that whoever has neither Node nor
Quint can hold an implementation against them; `make test` does. They are written without what differs from run to run,
and `make spec` compares them with fresh ones.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from tests.spec import toolchain, tools

KEPT = toolchain.MODELS / "traces"
TELLING = {
    "tendermint": ("everybodyDecidesTest", "aDecisionOfAHigherRoundIsTakenOverTest", "aProposalDrawsTest",
                   "anOlderProofDoesNotFreeTest", "aLockedMemberPrevotesNilForAnotherValueTest",
                   "aValidValueIsProposedAgainTest", "whatIsOutOfTurnIsRefusedTest", "aForgeryIsRefusedTest"),
    "chain": ("twoHeightsWithACrashAfterEachEffectTest", "aLockOutlivesLaterVotesTest", "aDamagedDiskIsRefusedTest"),
    "contract": ("deadlinesActByThemselvesTest", "theLeastClockFiresFirstTest", "bothMustSignTest",
                 "aPaymentIsDividedToTheLastFenTest", "aClockSetIntoThePastFiresBeforeTheNextCommandTest"),
    "access": ("everyForbidMustBeOverriddenTest", "overridingObligesTest", "theNearestPermitIsNamedTest"),
    "membership": ("aMemberJoinsTest", "aForgeryByFormerMembersIsRefusedTest", "aChangeNeedsTwoThirdsTest"),
    "longest_chain": ("whatLiesDeepIsToldTest", "membersMayHoldDifferentLongestChainsTest"),
}  # fmt: skip
"""Model -> the scenarios whose traces are kept."""


def plain(path: Path) -> dict[str, Any]:
    """A trace without dates and places: variables and states, variables under their own names."""
    trace = json.loads(path.read_text(encoding="utf-8"))
    short = {name: name.rpartition("::")[2] for name in trace["vars"]}
    states = [
        {short[name]: state[name] for name in trace["vars"]} for state in trace["states"] if set(short) <= set(state)
    ]
    return {"vars": list(short.values()), "states": states}


def fresh(model: tools.Model, folder: Path) -> dict[str, dict[str, Any]]:
    """File name -> trace, for the scenarios of a model that are kept, from a folder of fresh traces."""
    names = [f"{model.name}_{scenario}.itf.json" for scenario in TELLING[model.name]]
    return {name: plain(folder / name) for name in names}


def main() -> None:
    """Write the folder."""
    KEPT.mkdir(exist_ok=True)
    for path in KEPT.glob("*.itf.json"):
        path.unlink()
    for model in tools.MODELS:
        with tempfile.TemporaryDirectory() as scratch:
            tools.scenarios(model, toolchain.MODELS, Path(scratch))
            for name, trace in fresh(model, Path(scratch)).items():
                text = json.dumps(trace, sort_keys=True, separators=(",", ":"))
                (KEPT / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
