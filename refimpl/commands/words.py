"""What the commands say of a run beside its timeline, in both languages. It must not know any story."""

from collections.abc import Mapping
from typing import Final, cast

import click

from refimpl.application.timeline import Language

__all__ = ["WORDS", "reader", "tell"]

WORDS: Final[Mapping[str, Mapping[Language, str]]] = {
    "and": {"en": ", ", "zh": "、"},
    "validators": {"en": "validators: {who}", "zh": "验证节点：{who}"},
    "liar": {
        "en": "lying from the first block to the last: {who} ({member})",
        "zh": "自首块至末块始终说谎：{who}（{member}）",
    },
    "nobody": {"en": "nobody lies", "zh": "无人说谎"},
    "faults": {"en": "what took effect: {kinds}", "zh": "实际发生：{kinds}"},
    "fault.late": {"en": "messages came late", "zh": "消息迟到"},
    "fault.swap": {"en": "messages overtook each other", "zh": "消息乱序"},
    "fault.dup": {"en": "messages came again", "zh": "消息重复"},
    "fault.drop": {"en": "messages were lost", "zh": "消息丢失"},
    "fault.cut": {"en": "the network was cut", "zh": "网络割裂"},
    "fault.skew": {"en": "clocks went wrong", "zh": "时钟偏差"},
    "fault.crash": {"en": "nodes crashed", "zh": "节点崩溃"},
    "fault.byz": {"en": "messages withheld, altered or replayed", "zh": "扣压、篡改或重放消息"},
    "fault.inject": {"en": "messages out of nothing", "zh": "凭空捏造消息"},
    "fault.support": {"en": "votes for whatever comes", "zh": "一概投赞成票"},
    "fault.twin": {"en": "a twin under the same name says otherwise", "zh": "同名的另一节点说另一套话"},
    "times": {"en": "{what} ({n} times)", "zh": "{what}（{n} 次）"},
    "refused": {"en": "refused as the contract demands: {code}  [tx {tx}]", "zh": "依合约拒绝：{code}  [交易 {tx}]"},
    "stands": {"en": "{what}: {state}", "zh": "{what}：{state}"},
    "position": {"en": "clearing position of {who}: {amount}", "zh": "{who}清算头寸：{amount}"},
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
    "differs": {
        "en": "another run: trace {trace}, recorded {recorded}",
        "zh": "与记录不同：轨迹 {trace}，记录 {recorded}",
    },
    "trace.recorded": {
        "en": "{who} recorded {contract} {record} (block {height})",
        "zh": "{who}登记{contract} {record}（区块{height}）",
    },
    "trace.changed": {
        "en": "{who}: {what}, {contract} {record} (block {height})",
        "zh": "{who}：{what}，{contract} {record}（区块{height}）",
    },
    "trace.read": {
        "en": "{who} read {what} of {contract} {record} (block {height})",
        "zh": "{who}查阅{contract} {record}的{what}（区块{height}）",
    },
    "trace.denied": {
        "en": "{who} was refused {what} of {contract} {record} (block {height})",
        "zh": "{who}查阅{contract} {record}的{what}被拒（区块{height}）",
    },
    "trace.purpose": {"en": ", for {purpose}", "zh": "，目的：{purpose}"},
    "trace.beside": {"en": ", signed with {who}", "zh": "，会签：{who}"},
    "trace.code": {"en": ": {code}", "zh": "：{code}"},
    "audit.line": {
        "en": "{who}: {what}{where} (block {height})",
        "zh": "{who}：{what}{where}（区块{height}）",
    },
    "audit.where": {"en": ", {contract} {instance}", "zh": "，{contract} {instance}"},
    "audit.time": {"en": "time", "zh": "时限"},
    "audit.together": {
        "en": "--sign, --as and --out belong together",
        "zh": "--sign、--as、--out 须同时给出",
    },
    "audit.holds": {
        "en": "the report holds: {path}",
        "zh": "报告成立：{path}",
    },
    "clean": {"en": "no invariant is broken", "zh": "未违反任何不变式"},
}  # fmt: skip
"""Key -> language -> sentence."""


def tell(key: str, language: Language, **values: object) -> str:
    """The sentence for a key."""
    return WORDS[key][language].format(**values)


def reader(context: click.Context) -> Language:
    """The language of whoever called the command."""
    return cast(Language, str(context.meta.get("yilian.language", "en")))
