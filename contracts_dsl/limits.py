"""The limits of the language, as constants. `spec/limits.toml`, section `[contract]`, holds the same values.

Each exists so that reading, checking and running a program is bounded whatever it says (CTR-T14). Precedents stand
beside those that have one.
"""

from typing import Final

SOURCE_BYTES_MAX: Final = 65_536
"""Bytes of one source file (CTR-L1)."""
NESTING_MAX: Final = 64
"""Brackets, and `not`s, open at once."""
NAME_CHARACTERS_MAX: Final = 64
"""Characters of one name."""
INTEGER_MAX: Final = 2**53 - 1
"""Largest whole number anywhere: what RFC 8785 can carry exactly."""
DIGITS_MAX: Final = 16
"""Characters of a number literal."""
MONEY_MAX: Final = 10**13
"""Fen in one datum: a hundred thousand million yuan."""
TIME_MAX: Final = 253_402_300_799
"""Second 9999-12-31T23:59:59Z."""
DURATION_MAX: Final = 3_660_000 * 86_400
"""Seconds of a duration literal: about ten thousand years, so that time plus duration stays exact."""
CODE_MAX: Final = 64
"""Characters of a code."""
STATES_MAX: Final = 64
CLAUSES_PER_STATE_MAX: Final = 32
NODES_PER_EXPRESSION_MAX: Final = 256
CALL_DEPTH_MAX: Final = 4
"""Contracts on one path of calls and creations."""
TREE_DEPTH_MAX: Final = 8
"""Nodes from a tree entity up to its root."""
SET_MEMBERS_MAX: Final = 64
SOME_MATCHES_MAX: Final = 256
"""Instances that one `some` may look at."""
FIELDS_MAX: Final = 128
"""Parties and data of one contract."""
EFFECTS_MAX: Final = 32
"""Effects of one outcome."""
SIGNERS_MAX: Final = 64
"""Signers of one command or request."""
