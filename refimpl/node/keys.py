"""The keys under which a node keeps things, so that whoever opens a ledger finds them by the same words.

It must not know what stands under a key.
"""

from typing import Final

GENESIS: Final = "meta/genesis"
TIP: Final = "meta/tip"
STATE: Final = "state/"
BLOCK: Final = "block/"
TRANSACTION: Final = "tx/"
RECEIPT: Final = "receipt/"
CERTIFICATE: Final = "cert/"
PROOF: Final = "proof/"
RECORD: Final = "consensus/"
"""What consensus said or vouched for at the height that is not decided yet."""


def block(height: int) -> str:
    """The header of a block."""
    return f"{BLOCK}{height:010d}"


def transaction(height: int, index: int) -> str:
    """One transaction of a block."""
    return f"{TRANSACTION}{height:010d}/{index:04d}"


def receipt(height: int, index: int) -> str:
    """One receipt of a block."""
    return f"{RECEIPT}{height:010d}/{index:04d}"


def certificate(height: int) -> str:
    """The votes that decided a block."""
    return f"{CERTIFICATE}{height:010d}"


def proof(height: int) -> str:
    """The message by which the maker of a block made it, where that is all the proof there is."""
    return f"{PROOF}{height:010d}"


def state(key: bytes) -> str:
    """One entry of the state."""
    return STATE + key.hex()


def record(height: int, round_: int, kind: str, sender: str) -> str:
    """One statement of the height under way; in order of height and round."""
    return f"{RECORD}{height:010d}/{round_:06d}/{kind}/{sender}"
