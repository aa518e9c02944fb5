"""What a monitoring system reads: counters of the node and of the service, in the text form of Prometheus.

Nothing in it names a member, a patient or an instance. It must not know how it is fetched.
"""

from collections.abc import Mapping

from refimpl.node.ledger import Ledger

__all__ = ["exposition"]


def exposition(ledger: Ledger, answered: Mapping[tuple[str, int], int]) -> str:
    """The page; `answered` counts by operation and status."""
    gauges = (
        ("yilian_height", "Height of the last block.", ledger.tip.height),
        ("yilian_block_time_seconds", "Time of the last block, since 1970.", ledger.tip.time),
        ("yilian_state_entries", "Entries of the state.", len(ledger.state)),
        ("yilian_pool_transactions", "Transactions that wait.", len(ledger.pool)),
        ("yilian_members", "Members in force.", len(ledger.tip.members)),
    )
    lines = [line for name, meaning, value in gauges
             for line in (f"# HELP {name} {meaning}", f"# TYPE {name} gauge", f"{name} {value}")]  # fmt: skip
    name = "yilian_answers_total"
    lines += [f"# HELP {name} Answers of the service.", f"# TYPE {name} counter"]
    lines += [f'{name}{{operation="{operation}",status="{status}"}} {count}'
              for (operation, status), count in sorted(answered.items())]  # fmt: skip
    return "\n".join(lines) + "\n"
