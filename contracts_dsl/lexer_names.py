"""What a name looks like, for the lexer and for whoever reads names out of an IR. It must not know anything else."""

from typing import Final

NAME: Final = r"[A-Za-z_\u4e00-\u9fff][A-Za-z0-9_\u4e00-\u9fff]*"
"""A letter, underscore or ideograph U+4E00..U+9FFF, then those and digits (CTR-L1)."""
