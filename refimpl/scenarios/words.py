"""What `yilian run` says beside its timeline, in both languages. It must not know any story."""

from collections.abc import Mapping
from typing import Final

from refimpl.application.timeline import Language

WORDS: Final[Mapping[str, Mapping[Language, str]]] = {
    "refused": {"en": "refused as the contract demands: {code}  [tx {tx}]", "zh": "依合约拒绝：{code}  [交易 {tx}]"},
    "stands": {"en": "{what}: {state}", "zh": "{what}：{state}"},
    "position": {"en": "clearing position of {who}: {amount} yuan", "zh": "{who}清算头寸：{amount} 元"},
    "liars": {"en": "lying throughout: {who} (took effect: {lies})", "zh": "全程说谎：{who}（已生效：{lies}）"},
    "agreed": {
        "en": "verified: {who} hold the same chain, height {height}, state {root}",
        "zh": "已核验：{who} 的链完全一致，高度 {height}，状态 {root}",
    },
    "broken": {
        "en": "NOT verified: {who}, height {height}, state {root}",
        "zh": "核验未通过：{who}，高度 {height}，状态 {root}",
    },
    "violation": {
        "en": "{clause}: expected {expected}, actual {actual}",
        "zh": "{clause}：应为 {expected}，实为 {actual}",
    },
    "ledger": {"en": "ledger: {path}  (yilian verify {path})", "zh": "账本：{path}  （yilian verify {path}）"},
    "again": {"en": "replay: yilian replay {path}", "zh": "重放：yilian replay {path}"},
    "same": {"en": "the same run, bit for bit: trace {trace}", "zh": "逐位相同的运行：轨迹 {trace}"},
    "differs": {"en": "another run: trace {trace}, recorded {recorded}", "zh": "与记录不同：轨迹 {trace}，记录 {recorded}"},
    "clean": {"en": "no invariant is broken", "zh": "未违反任何不变式"},
}  # fmt: skip
"""Key -> language -> sentence."""


def tell(key: str, language: Language, **values: object) -> str:
    """The sentence for a key."""
    return WORDS[key][language].format(**values)
