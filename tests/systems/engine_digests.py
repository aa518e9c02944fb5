"""One digest for each BFT engine over the traces of some drawn plans: run by `make pythons` under every interpreter.

Why beside the default run: that plays one engine, and what depends on the order of a set or on a hash seed may hide in
another. It must import nothing that an installed copy of the project lacks.
"""

import json
from hashlib import sha256

from conformance.drivers.explore import Campaign
from conformance.targets import Target
from conformance.trace import trace_digest

ENGINES = ("tendermint", "pbft", "hotstuff", "streamlet")
PLANS = 40


def digests() -> dict[str, str]:
    """Engine -> SHA-256 over the trace digests of its plans, in order."""
    found = {}
    for engine in ENGINES:
        campaign = Campaign(engine, 11, PLANS)
        traces = [trace_digest(Target().play(campaign.plan(number))) for number in range(PLANS)]
        found[engine] = sha256("\n".join(traces).encode()).hexdigest()
    return found


if __name__ == "__main__":
    print(json.dumps(digests(), sort_keys=True))
