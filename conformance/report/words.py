"""Every word a report uses, in both languages. A test holds keys and placeholders of the two equal.

It must not know what a report says with them.
"""

from collections.abc import Mapping
from typing import Final, Literal

Language = Literal["zh", "en"]

WORDS: Final[Mapping[str, Mapping[Language, str]]] = {
    "late": {"en": "{where}: the {ph} of {src} reaches {dst} only after GST",
             "zh": "{where}：{src} 的{ph}在 GST 之后才到达 {dst}"},
    "swap": {"en": "{where}: the {ph} of {src} reaches {dst} after the next message of that link",
             "zh": "{where}：{src} 的{ph}晚于同一链路的下一条消息到达 {dst}"},
    "dup": {"en": "{where}: the {ph} of {src} reaches {dst} {n} more times",
            "zh": "{where}：{src} 的{ph}又重复到达 {dst} {n} 次"},
    "drop": {"en": "{where}: the {ph} of {src} never reaches {dst}",
             "zh": "{where}：{src} 的{ph}永远不到达 {dst}"},
    "cut": {"en": "{where} to {to_r}: {side} and the others cannot hear each other before GST",
            "zh": "{where}至 {to_r}：{side} 与其余节点在 GST 之前互不相通"},
    "skew": {"en": "the clock of {node} is off by {d} seconds", "zh": "{node} 的时钟偏差 {d} 秒"},
    "crash": {"en": "{where}: {node} crashes as it speaks its {ph} ({when}, disk {disk}) and comes back {back}",
              "zh": "{where}：{node} 在发出{ph}时崩溃（{when}，磁盘 {disk}），{back}恢复"},
    "byz.omit": {"en": "{where}: liar {src} withholds its {ph} from {dst}",
                 "zh": "{where}：说谎者 {src} 不把{ph}发给 {dst}"},
    "byz.value": {"en": "{where}: liar {src} sends {dst} a {ph} for {value} instead of its own",
                  "zh": "{where}：说谎者 {src} 把给 {dst} 的{ph}改为 {value}"},
    "byz.round": {"en": "{where}: liar {src} sends {dst} its {ph} as one of round {other}",
                  "zh": "{where}：说谎者 {src} 把给 {dst} 的{ph}冒充第 {other} 轮"},
    "byz.stale": {"en": "{where}: liar {src} repeats an old message to {dst} instead of its {ph}",
                  "zh": "{where}：说谎者 {src} 不发{ph}，而向 {dst} 重放旧消息"},
    "byz.corrupt": {"en": "{where}: liar {src} sends {dst} a damaged {ph}",
                    "zh": "{where}：说谎者 {src} 发给 {dst} 的{ph}是损坏的"},
    "inject": {"en": "{where}: liar {src} sends {dst} a {ph} for {value} that is not its to send",
               "zh": "{where}：说谎者 {src} 向 {dst} 发出不该由它发的{ph}（{value}）"},
    "support": {"en": "{where}: liar {src} supports {value} towards {to}",
                "zh": "{where}：说谎者 {src} 对 {to} 一概支持 {value}"},
    "twin": {"en": "from {where} on: a second node with the identity of {src} serves {to}",
             "zh": "自{where}起：与 {src} 同身份的另一节点服务于 {to}"},
    "fork": {"en": "from {where} on: a second node with the identity of {src} works in secret, and shows {to} all of "
                   "it when round {to_r} is reached",
             "zh": "自{where}起：与 {src} 同身份的另一节点暗中出块，到第 {to_r} 轮时将其全部出示给 {to}"},
    "lottery": {"en": "slots are won by: {slots}", "zh": "各时隙的得主：{slots}"},
    "where": {"en": "height {h} round {r}", "zh": "高度 {h} 第 {r} 轮"},
    "back.gst": {"en": "at GST", "zh": "于 GST"},
    "back.place": {"en": "when height {h} round {r} is reached", "zh": "在到达高度 {h} 第 {r} 轮时"},
    "silent": {"en": "from GST on: liar {node} says nothing more", "zh": "自 GST 起：说谎者 {node} 不再发言"},
    "slow": {"en": "every message takes {delta} ticks", "zh": "每条消息需 {delta} 个节拍"},
    "nobody": {"en": "no fault: the happy path", "zh": "没有故障：一切正常"},
    "propose": {"en": "proposal", "zh": "提案"},
    "prevote": {"en": "prevote", "zh": "预投票"},
    "precommit": {"en": "precommit", "zh": "预提交"},
    "block": {"en": "block", "zh": "区块"},
    "sync": {"en": "question", "zh": "询问"},
    "decided": {"en": "decision", "zh": "决定"},
    "liar": {"en": "liar", "zh": "说谎者"},
    "node": {"en": "node {i}", "zh": "节点 {i}"},
    "round": {"en": "height {h} round {r}", "zh": "高度 {h} 第 {r} 轮"},
    "expected": {"en": "expected", "zh": "应为"},
    "actual": {"en": "actual", "zh": "实为"},
    "plan": {"en": "plan", "zh": "计划"},
    "replay": {"en": "replay", "zh": "重放"},
    "final": {"en": "final", "zh": "已定"},
    "star": {"en": "* sent by a liar", "zh": "* 由说谎者发出"},
    "explored": {"en": "{runs} plans, {rate} a second, {decisions} decisions",
                 "zh": "{runs} 个计划，每秒 {rate} 个，{decisions} 次决定"},
    "fired": {"en": "runs in which faults took effect: {kinds}", "zh": "故障生效的运行数：{kinds}"},
    "broken": {"en": "invariants broken: {classes}", "zh": "违反的不变式：{classes}"},
    "killed": {"en": "{id:10} {tier:8} killed: {clause:16} by {how}, {runs} runs, {size} atoms",
               "zh": "{id:10} {tier:8} 已捕获：{clause:16} 方式 {how}，{runs} 次运行，{size} 个原子"},
    "survived": {"en": "{id:10} {tier:8} SURVIVED {runs} runs", "zh": "{id:10} {tier:8} 未被捕获，共 {runs} 次运行"},
    "size": {"en": "{size} faults, shrunk from {before} in {runs} runs",
             "zh": "{size} 处故障，由 {before} 处经 {runs} 次运行缩减而来"},
}  # fmt: skip
"""Key -> language -> sentence with {values}."""


def word(key: str, language: Language, **values: object) -> str:
    """The sentence for a key."""
    return WORDS[key][language].format(**values)
