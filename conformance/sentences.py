"""What the kit says of a node: what was expected, what came, why nothing was shown; in Chinese and English as equals.

Why apart from the reports: a finding is made far from whoever reads it. It is kept as the key of a sentence and its
values, and put into words when it is told, in the language of the reader. What reads alike in both (ids, digests,
JSON, codes) is kept as plain text. It must not know a checker, a test or a report.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from attrs import field, frozen

__all__ = ["SENTENCES", "Language", "Sentence", "Text", "in_words", "kind", "say", "standing", "written"]

Language = Literal["zh", "en"]

BETWEEN: Final[Mapping[Language, str]] = {"en": "; ", "zh": "；"}
"""What stands between several things of one sort."""

SENTENCES: Final[Mapping[str, Mapping[Language, str]]] = {
    # --- names ---
    "kind.propose": {"en": "proposal", "zh": "提案"},
    "kind.prevote": {"en": "prevote", "zh": "预投票"},
    "kind.precommit": {"en": "precommit", "zh": "预提交"},
    "kind.preprepare": {"en": "preprepare", "zh": "预准备"},
    "kind.prepare": {"en": "prepare", "zh": "准备"},
    "kind.commit": {"en": "commit", "zh": "提交"},
    "kind.viewchange": {"en": "viewchange", "zh": "视图变更"},
    "kind.newview": {"en": "newview", "zh": "新视图"},
    "kind.vote": {"en": "vote", "zh": "投票"},
    "kind.append": {"en": "append", "zh": "追加"},
    "kind.ack": {"en": "ack", "zh": "确认"},
    "kind.candidate": {"en": "candidate", "zh": "竞选"},
    "kind.grant": {"en": "grant", "zh": "选票"},
    "kind.block": {"en": "block", "zh": "区块"},
    "kind.message": {"en": "message", "zh": "消息"},
    "kind.sync": {"en": "question", "zh": "询问"},
    "kind.decided": {"en": "decision", "zh": "决定"},
    "none": {"en": "none", "zh": "无"},
    "nothing": {"en": "nothing", "zh": "空缺"},
    "more": {"en": "more", "zh": "更多"},
    "others": {"en": "others", "zh": "另一些"},
    "height": {"en": "height {height}", "zh": "高度 {height}"},
    "slot": {"en": "slot {slot}", "zh": "时隙 {slot}"},

    # --- replies ---
    "ok": {"en": "ok", "zh": "应答 ok"},
    "refused": {"en": "refused {code}", "zh": "拒绝 {code}"},
    "err": {"en": "err {code}", "zh": "报错 {code}"},
    "reply.text": {"en": "{reply} {text}", "zh": "{reply}，节点说明：{text}"},
    "reply.value": {"en": "ok {value}", "zh": "应答 ok {value}"},
    "reply.refused": {"en": "refused", "zh": "拒绝"},
    "reply.any": {"en": "an answer", "zh": "给出应答"},
    "reply.one-line": {"en": "a line of at most {bytes} bytes, one a request",
                       "zh": "每个请求一行应答，每行至多 {bytes} 字节"},
    "reply.no-id": {"en": "no id", "zh": "没有 id"},
    "reply.no-object": {"en": "no object", "zh": "不是对象"},
    "carried-out": {"en": "`{op}` is carried out", "zh": "`{op}` 得到执行"},
    "stopped.on": {"en": "{why} on `{op}`", "zh": "处理 `{op}` 时{why}"},
    "stopped.on.with": {"en": "{why} ({detail}) on `{op}`", "zh": "处理 `{op}` 时{why}（{detail}）"},
    "stopped.died": {"en": "died", "zh": "进程退出"},
    "stopped.hang": {"en": "hang", "zh": "无应答"},
    "stopped.memory": {"en": "memory", "zh": "占用内存过多"},
    "stopped.internal": {"en": "internal", "zh": "自报内部错误"},
    "stopped.no-answer": {"en": "no answer within {seconds} s", "zh": "{seconds} 秒内没有应答"},
    "stopped.resident": {"en": "{held} bytes resident, {allowed} are allowed",
                         "zh": "常驻内存 {held} 字节，上限 {allowed} 字节"},
    "stopped.status": {"en": "status {status}", "zh": "退出码 {status}"},
    "unstarted.no-command": {"en": "no command", "zh": "没有给出命令"},
    "unstarted.address": {"en": "{address}: unix:PATH or tcp:HOST:PORT",
                          "zh": "{address}：应为 unix:路径 或 tcp:主机:端口"},

    # --- shapes of JSON ---
    "shape.one-json": {"en": "one JSON object", "zh": "一个 JSON 对象"},
    "shape.one-of": {"en": "one of {names}", "zh": "以下之一：{names}"},
    "shape.just-one-of": {"en": "exactly one of {names}", "zh": "恰有以下之一：{names}"},
    "shape.only": {"en": "only {names}", "zh": "只有：{names}"},
    "shape.several": {"en": "one of several shapes", "zh": "几种形式之一"},
    "shape.told-by": {"en": "an object whose {name} is one of {names}", "zh": "对象，其 {name} 为以下之一：{names}"},
    "shape.an-integer": {"en": "an integer", "zh": "整数"},
    "shape.an-integer-in": {"en": "an integer in {low}..{high}", "zh": "{low}..{high} 的整数"},
    "shape.exact-integer": {"en": "an integer within 2^53 - 1", "zh": "绝对值不超过 2^53 - 1 的整数"},
    "shape.boolean": {"en": "true or false", "zh": "true 或 false"},
    "shape.a-text": {"en": "a text", "zh": "文本"},
    "shape.text-most": {"en": "text of at most {most} characters", "zh": "至多 {most} 个字符的文本"},
    "shape.text-like": {"en": "text like {pattern}", "zh": "符合 {pattern} 的文本"},
    "shape.text-whole": {"en": "text without lone surrogates", "zh": "没有孤立代理项的文本"},
    "shape.list-between": {"en": "list of {least}..{most}", "zh": "{least}..{most} 项的列表"},
    "shape.list-of": {"en": "list of {count}", "zh": "{count} 项的列表"},
    "shape.an-object": {"en": "an object", "zh": "对象"},
    "shape.member": {"en": "a member {name}", "zh": "成员 {name}"},
    "shape.ascii-key": {"en": "a key in ASCII", "zh": "ASCII 键名"},
    "shape.key-once": {"en": "each key once", "zh": "每个键只出现一次"},
    "shape.table": {"en": "a table", "zh": "表"},

    # --- agreement and what is final ---
    "fork.none": {"en": "one block at height {height}", "zh": "高度 {height} 上只有一个区块"},
    "fork": {"en": "node {one} decided {this}, node {other} {that}",
             "zh": "节点 {one} 决定了 {this}，节点 {other} 决定了 {that}"},
    "final.for-ever": {"en": "{block} at height {height} for ever", "zh": "高度 {height} 永远是 {block}"},
    "final.changed": {"en": "{block} after it", "zh": "此后变为 {block}"},
    "final.next": {"en": "height {height} next", "zh": "接着是高度 {height}"},
    "final.kept": {"en": "height {height} after recovery", "zh": "恢复后仍在高度 {height}"},
    "result": {"en": "result {digest}", "zh": "执行结果 {digest}"},
    "once": {"en": "{transaction} at most once", "zh": "交易 {transaction} 至多一次"},
    "twice": {"en": "twice", "zh": "两次"},
    "of-a-client": {"en": "a transaction of a client", "zh": "客户端提交的交易"},
    "certificate.holds": {"en": "signatures that hold", "zh": "签名均有效"},
    "certificate.bad": {"en": "one that does not", "zh": "有一个无效"},
    "certificate.weight": {"en": "distinct voters of weight above {twice}/3",
                           "zh": "互不相同的投票者，权重之和超过 {twice}/3"},
    "certificate.voters": {"en": "voters {voters}, weight {weight}", "zh": "投票者 {voters}，权重 {weight}"},

    # --- blocks ---
    "block.valid": {"en": "a valid block", "zh": "有效的区块"},
    "block.none": {"en": "not a block: {error}", "zh": "不是区块：{error}"},
    "block.not-one": {"en": "{clause}: not a block", "zh": "{clause}：不是区块"},
    "block.not-canonical": {"en": "not canonical bytes", "zh": "不是规范编码"},
    "block.unbound": {"en": "the header does not bind the transactions", "zh": "区块头与交易不符"},
    "block.by-nobody": {"en": "not proposed by a validator", "zh": "不是由验证节点提议"},
    "block.other-members": {"en": "{clause}: another membership than that of stage {stage}",
                            "zh": "{clause}：成员表与第 {stage} 阶段的不同"},
    "block.not-in-force": {"en": "{clause}: proposed by {member}, who does not validate",
                           "zh": "{clause}：由 {member} 提议，而它不是验证节点"},
    "block.previous": {"en": "previous block {digest} at height {height}", "zh": "高度 {height} 的前一区块为 {digest}"},

    # --- eligibility ---
    "at-height": {"en": "{what} at height {height}", "zh": "高度 {height} 上为 {what}"},
    "proof": {"en": "a proof of eligibility", "zh": "出块资格的证明"},
    "proof.about": {"en": "a proof about {digest}", "zh": "关于 {digest} 的证明"},
    "proof.on": {"en": "a block on seal {seal}", "zh": "接在印记 {seal} 之后的区块"},
    "proof.later": {"en": "a slot after {slot}", "zh": "时隙 {slot} 之后的时隙"},
    "proof.by": {"en": "slot {slot} sealed by node {node}", "zh": "时隙 {slot} 由节点 {node} 出块"},
    "proof.by-another": {"en": "by node {node}", "zh": "由节点 {node} 出块"},
    "proof.zeros": {"en": "a seal with {bits} leading zero bits", "zh": "印记以 {bits} 个零比特开头"},
    "proof.demanded": {"en": "{bits} zero bits demanded", "zh": "要求 {bits} 个零比特"},
    "proof.window": {"en": "a window since slot {slot}", "zh": "自时隙 {slot} 起的难度窗口"},

    # --- what a correct node says ---
    "one-statement": {"en": "one {kind} at height {height} round {round}",
                      "zh": "高度 {height} 第 {round} 轮只有一条{kind}"},
    "two-statements": {"en": "{one} and {other}", "zh": "{one} 与 {other} 两条"},
    "rightful": {"en": "a {kind} for a proposal of node {node} in round {round}",
                 "zh": "第 {round} 轮的{kind}支持节点 {node} 的提案"},
    "recorded": {"en": "a synced record before {kind} at height {height} round {round}",
                 "zh": "发出高度 {height} 第 {round} 轮的{kind}之前已落盘记录"},
    "heard": {"en": "a {kind} for it at height {height} round {round}",
              "zh": "此前收到高度 {height} 第 {round} 轮对它的{kind}"},
    "heard.quorum": {"en": "a quorum of {kind} for it at height {height} round {round}",
                     "zh": "此前收到高度 {height} 第 {round} 轮对它的{kind}达到法定多数"},
    "bound": {"en": "{value}, for which it gave its {kind} in round {round}, or proof since",
              "zh": "支持 {value}（它在第 {round} 轮已为之发出{kind}），或其后有新的证明"},
    "statement": {"en": "{kind} for {value}", "zh": "对 {value} 的{kind}"},

    # --- liars ---
    "proof.against": {"en": "proof against at least {least}", "zh": "至少可证明 {least} 个节点说谎"},
    "proof.liars-only": {"en": "proofs against liars only", "zh": "只能证明说谎者有错"},
    "proof.held": {"en": "node {accuser} holds a proof against correct node {accused}",
                   "zh": "节点 {accuser} 持有指控正确节点 {accused} 的证明"},
    "proof.record": {"en": "the record of height {height} convicts correct nodes {nodes}",
                     "zh": "高度 {height} 的记录指控了正确节点 {nodes}"},
    "unsigned.none": {"en": "the run without what nobody signed", "zh": "与去掉无人签名的消息后的运行相同"},
    "unsigned.said": {"en": "{kind} of {value} in round {round}", "zh": "第 {round} 轮对 {value} 的{kind}"},
    "unsigned.decided": {"en": "{block} at height {height}", "zh": "高度 {height} 上为 {block}"},
    "unsigned.counts": {"en": "{these} statements and decisions, {those} without",
                        "zh": "发言数与决定数为 {these}，去掉后为 {those}"},

    # --- what must come about ---
    "decided": {"en": "height {height} decided", "zh": "高度 {height} 得到决定"},
    "decided.as": {"en": "height {height}, as nodes {nodes}", "zh": "到达高度 {height}，如节点 {nodes}"},
    "stuck": {"en": "{places}", "zh": "{places}"},
    "stuck.at": {"en": "node {node}: {place}", "zh": "节点 {node} 自述：“{place}”"},
    "included": {"en": "{transaction} decided by height {height}, which node {node} made",
                 "zh": "交易 {transaction} 至迟由节点 {node} 所作的高度 {height} 决定"},
    "left-out": {"en": "{count} of {all} left out", "zh": "{all} 笔中有 {count} 笔被遗漏"},
    "together": {"en": "{ticks} ticks after GST in which nodes {nodes} stand in one round",
                 "zh": "GST 之后节点 {nodes} 有 {ticks} 个节拍同在一轮"},
    "together.for": {"en": "{ticks}", "zh": "{ticks} 个节拍"},
    "growth": {"en": "{blocks} blocks more from slot {start} to slot {end}, of which correct members won {won}",
               "zh": "自时隙 {start} 至 {end} 增长 {blocks} 个区块（其间正确成员赢得 {won} 个时隙）"},
    "growth.less": {"en": "{blocks} more, at height {height}", "zh": "增长 {blocks} 个，到高度 {height}"},
    "quality": {"en": "{least} of the {length} blocks from height {height} on by correct members",
                "zh": "自高度 {height} 起的 {length} 个区块中至少 {least} 个出自正确成员"},
    "everybody": {"en": "every member decides every height", "zh": "每个成员决定每个高度"},
    "ended": {"en": "the run ended: {why}", "zh": "运行结束：{why}"},
    "ended.done": {"en": "done", "zh": "已完成"},
    "ended.quiet": {"en": "quiet", "zh": "已无消息在途，却仍有成员未决定"},
    "ended.bound": {"en": "bound", "zh": "已过活性的时限"},

    # --- runs of a node ---
    "same.run": {"en": "one run", "zh": "每次运行相同"},
    "same.run.not": {"en": "different ones", "zh": "运行各不相同"},
    "same.reply": {"en": "reply {number} as before: ..{shown}", "zh": "第 {number} 条应答与先前相同：..{shown}"},
    "same.reply.not": {"en": "..{shown} ({where})", "zh": "..{shown}（{where}）"},
    "same.reset": {"en": "after a reset", "zh": "reset 之后"},
    "same.beside": {"en": "beside others", "zh": "另有实例并存时"},
    "same.window": {"en": "at a window of three", "zh": "窗口为三时"},
    "same.elsewhere": {"en": "in another process, under another environment", "zh": "另一进程、另一环境中"},
    "idle": {"en": "{kinds} never took effect ({runs} runs)", "zh": "{kinds} 从未生效（{runs} 次运行）"},
    "profile": {"en": "profile {name}", "zh": "共识方案 {name}"},
    "profile.none": {"en": "profile (none)", "zh": "没有共识方案"},
    "profile.unspoken": {"en": "needs a profile that the kit can speak: {name} is not one",
                         "zh": "需要本套件会说的共识方案：{name} 不是"},
    "profile.luck": {"en": "needs luck: nodes search for themselves, so no plan can say who wins a slot",
                     "zh": "全凭运气：节点自行求解，任何计划都不能指定谁赢得时隙"},
    "opaque.forging": {"en": "needs a profile: a liar that says what no honest copy would",
                       "zh": "需要共识方案：说谎者说出诚实副本不会说的话"},
    "opaque.injection": {"en": "needs a profile: a liar that speaks out of turn",
                         "zh": "需要共识方案：说谎者未轮到就发言"},
    "opaque.step-rules": {"en": "needs a profile: each message, held against what its sender had said and heard",
                          "zh": "需要共识方案：以发送者先前所说所闻核对每条消息"},
    "opaque.certificates": {"en": "needs a profile: what a decision is shown with",
                            "zh": "需要共识方案：决定所附的证明"},
    "opaque.accountability": {"en": "needs a profile: what a member is accused of",
                              "zh": "需要共识方案：成员受到的指控"},
    "vectors.kinds": {"en": "vectors of kind {kinds}", "zh": "{kinds} 类测试向量"},
    "run.over": {"en": "the budget ran out before it", "zh": "未运行到此，预算已用尽"},
    "run.stopped": {"en": "the run was stopped at a failure before it", "zh": "未运行到此，已因失败停止"},
    "run.interrupted": {"en": "the run was interrupted before it", "zh": "未运行到此，运行已中断"},

    # --- one validator beside the kit's ledger ---
    "hello.solo": {"en": "solo/1 among the profiles", "zh": "共识方案中有 solo/1"},
    "time.floor": {"en": "time {time}: seconds are rounded down", "zh": "time {time}：秒数向下取整"},
    "admitted": {"en": "the transaction is admitted", "zh": "受理该交易"},
    "refused.at-check": {"en": "refused {code} at the check", "zh": "检查时即拒绝 {code}"},
    "refused.spoilt": {"en": "refused {code}, with {key} spoilt", "zh": "{key} 已损坏，应拒绝 {code}"},
    "recovered.other": {"en": "ok, and another tip: {tip}", "zh": "应答 ok，而链尾不同：{tip}"},
    "query.refused": {"en": "{path} {args}: refused {code}", "zh": "查询 {path} {args}：拒绝 {code}"},
    "query.answered": {"en": "{args}: ok or refused", "zh": "{args}：应答 ok 或拒绝"},
    "block.decided": {"en": "the block that was decided, without cert", "zh": "所决定的区块，不附 cert"},
    "block.no-cert": {"en": "height {height}, no cert", "zh": "高度 {height}，不附 cert"},
    "block.one": {"en": "one block", "zh": "一个区块"},
    "block.no": {"en": "no block", "zh": "没有区块"},
    "block.count": {"en": "{count} decided", "zh": "决定了 {count} 个"},
    "block.a": {"en": "a block", "zh": "区块"},
    "block.transactions": {"en": "the transactions of the header, in canonical bytes",
                           "zh": "区块头所载的交易，以规范编码"},
    "members.genesis": {"en": "the members of the genesis", "zh": "创世块的成员"},
    "members.changed": {"en": "every change in force, and every height decided",
                        "zh": "每次变更均已生效，每个高度均得到决定"},
    "members.unchanged": {"en": "{why}; never {weights}", "zh": "{why}；从未出现 {weights}"},
    "key.waits": {"en": "the transaction waits: the key is not in force", "zh": "交易等待：密钥尚未生效"},
    "state.whole": {"en": "every entry of the state once", "zh": "状态的每一条目各一次"},
    "state.entries": {"en": "{count} entries", "zh": "{count} 条"},
    "state.page": {"en": "{count} of {all} keys, and more", "zh": "{all} 个键中的 {count} 个，且还有更多"},
    "state.last": {"en": "the last {count} keys", "zh": "最后 {count} 个键"},
    "state.keys": {"en": "{count} keys, more {more}", "zh": "{count} 个键，more {more}"},
    "state.value": {"en": "the value of {key}", "zh": "{key} 的值"},
    "state.proof": {"en": "a proof for {key} that leads to the root", "zh": "由 {key} 通向状态根的证明"},
    "state.proof.not": {"en": "one that does not", "zh": "不能通向状态根的证明"},
    "state.same-entries": {"en": "{root}, though all entries agree: see the vectors of the state map",
                           "zh": "{root}，而各条目都相同：请对照状态映射的测试向量"},
    "timer": {"en": "a timer for second {second}", "zh": "第 {second} 秒的定时器"},
    "timers": {"en": "timers: {timers}", "zh": "定时器：{timers}"},
    "timers.one": {"en": "{name} at {at}", "zh": "{name} 于 {at}"},
    "recovered.reported": {"en": "height {height}, which was reported final", "zh": "已报告为最终的高度 {height}"},
    "recovered.again": {"en": "height {height} after all was submitted again", "zh": "全部重新提交后到达高度 {height}"},
    "recovered.durable": {"en": "height {height} durable before it was reported",
                          "zh": "高度 {height} 在报告之前已落盘"},
    "recovered.lost": {"en": "lost", "zh": "已丢失"},
    "recovered.silent": {"en": "nothing is reported again", "zh": "不重复报告"},
    "statuses.one-each": {"en": "of two requests in one block one is applied, one refused",
                          "zh": "同一区块中的两个请求，一个生效，一个被拒绝"},
    "ran-out": {"en": "what ran out {seconds} seconds ago is refused", "zh": "{seconds} 秒前已到期的应被拒绝"},
    "spoilt.none": {"en": "nobody decides the block of {member}, which breaks this",
                    "zh": "无人决定 {member} 的区块，因其违反本条"},
    "spoilt.decided": {"en": "{member} decided it at height {height}", "zh": "{member} 在高度 {height} 决定了它"},
    "spoilt.not": {"en": "no block could be spoilt so ({runs} runs)", "zh": "没有区块能这样改坏（{runs} 次运行）"},
    "never.wrote": {"en": "the node never wrote anything", "zh": "节点从未写盘"},
    "never.mattered": {"en": "no value of the disk mattered", "zh": "磁盘上没有任何值起作用"},
    "never.restarted": {"en": "the node is not started by the kit, so there is no other process",
                        "zh": "节点不是由本套件启动，没有另一进程可比"},
    "never.second-suite": {"en": "the node has no second suite, {suite}", "zh": "节点没有第二个密码套件 {suite}"},

    # --- vectors ---
    "vector": {"en": "{id} ({why}): {expected}", "zh": "{id}（原文：“{why}”）：{expected}"},
    "vector.step": {"en": "{at}: {reply}", "zh": "{at}：{reply}"},
    "vector.not": {"en": "not {reply}", "zh": "不是 {reply}"},
    "vector.same": {"en": "the same", "zh": "相同的应答"},
    "vector.fault": {"en": "{at}: {expected}, not {found}", "zh": "{at}：应为{expected}，实为 {found}"},
    "vector.missing-members": {"en": "{names} missing", "zh": "缺少 {names}"},
    "vector.missing": {"en": "{name}: missing", "zh": "{name}：缺失"},
    "vector.sum": {"en": "{name}: another SHA-256 than {digest}..", "zh": "{name}：SHA-256 不是 {digest}.."},
    "vector.info": {"en": "no _info with clauses and their digests", "zh": "没有载明条款及其摘要的 _info"},
    "vector.at-line": {"en": "{name}:{number}: {fault}", "zh": "{name}:{number}：{fault}"},
    "vector.ids": {"en": "a list of ids", "zh": "编号的列表"},
    "vector.outcome": {"en": "ok or refused", "zh": "ok 或 refused"},
    "vector.program": {"en": "the id of a program above", "zh": "上文某程序的编号"},

    # --- plans ---
    "plan.campaign": {"en": "what yilian explore --json prints", "zh": "yilian explore --json 的输出"},
    "plan.phase": {"en": "the kind of a message, a-z", "zh": "消息的种类，a-z"},
    "plan.nodes": {"en": "a list of nodes", "zh": "节点的列表"},
    "plan.value": {"en": "nil, v<i> or v<i>.<k>", "zh": "nil、v<i> 或 v<i>.<k>"},
    "plan.below": {"en": "v<i>@<round> or v<i>.<k>@<round>", "zh": "v<i>@<轮> 或 v<i>.<k>@<轮>"},
    "plan.act": {"en": "omit, {broken}, {{value}}, {{value, vr, on}}, {{payload}}, {{round}} or {{stale}}",
                 "zh": "omit、{broken}、{{value}}、{{value, vr, on}}、{{payload}}、{{round}} 或 {{stale}}"},
    "plan.place-or-null": {"en": "null or {{h, r}}", "zh": "null 或 {{h, r}}"},
    "plan.engine": {"en": "the name of an engine", "zh": "共识引擎的名称"},
    "plan.weights": {"en": "a list of weights", "zh": "权重的列表"},
    "plan.lottery": {"en": "a list of at most {slots} lists of at most {wins} nodes",
                     "zh": "至多 {slots} 个列表的列表，每个至多 {wins} 个节点"},
    "plan.changes": {"en": "a list of {{h, keys, weights}}", "zh": "{{h, keys, weights}} 的列表"},
    "plan.atoms": {"en": "a list of at most {most} atoms", "zh": "至多 {most} 个原子的列表"},
    "plan.member": {"en": "a member of a plan: {names}", "zh": "计划的成员：{names}"},
    "plan.member-of": {"en": "a member of {kind}: {names}", "zh": "{kind} 的成员：{names}"},
    "plan.nodes-in": {"en": "nodes in 0..{last}", "zh": "0..{last} 的节点"},
    "plan.weights-of": {"en": "{count} weights", "zh": "{count} 个权重"},
    "plan.weights-some": {"en": "{count} weights, not all 0", "zh": "{count} 个权重，不全为 0"},
    "plan.ordered": {"en": "nodes in order, each once", "zh": "节点依次排列，各一次"},
    "plan.faulty": {"en": "node {node} among the faulty", "zh": "节点 {node} 在 faulty 之列"},
    "plan.lossy": {"en": "lossy links or a faulty end", "zh": "有损链路，或一端为说谎者"},
    "plan.no-lottery": {"en": "no lottery: a schedule says whose turn it is", "zh": "没有 lottery：轮到谁由轮值表决定"},
    "plan.one": {"en": "one", "zh": "有一个"},
    "plan.no-liars": {"en": "no liars: it bears crashes only", "zh": "没有说谎者：该引擎只容忍崩溃"},
    "plan.under": {"en": "under {num}/{den} of the weight", "zh": "不足权重的 {num}/{den}"},
    "plan.clocks": {"en": "clocks that differ by at most {skew}", "zh": "时钟相差至多 {skew}"},
    "plan.in-time": {"en": "messages between correct nodes within delta", "zh": "正确节点之间的消息在 delta 之内到达"},
    "plan.calm": {"en": "slots that are calm at depth {depth}", "zh": "在深度 {depth} 上平稳的时隙"},
    "plan.a-plan": {"en": "a plan", "zh": "一个计划"},
    "plan.digest": {"en": "a digest", "zh": "摘要"},
    "plan.digest-or-null": {"en": "null or a digest", "zh": "null 或摘要"},
    "plan.scenario": {"en": "the name of a scenario", "zh": "场景的名称"},
    "plan.invariant": {"en": "an invariant", "zh": "不变式"},
    "plan.zoo": {"en": "an id of the zoo", "zh": "植入缺陷的编号"},
    "plan.either": {"en": "{one} or {other}", "zh": "{one} 或 {other}"},
    "plan.of-campaign": {"en": "a member of a campaign", "zh": "一次探索的成员"},
    "plan.apart": {"en": "each plan in one file only", "zh": "每个计划只在一个文件中"},
    "plan.twice": {"en": "plans {first}..{last} twice", "zh": "计划 {first}..{last} 出现两次"},
    "plan.kept-failure": {"en": "a failure that yilian conform kept, {schema}",
                          "zh": "yilian conform 留存的失败，{schema}"},
    "plan.test": {"en": "the id of a test", "zh": "测试的编号"},
    "plan.schedule": {"en": "profile, steps and suite", "zh": "profile、steps 与 suite"},
    "plan.steps": {"en": "a list of steps, one at least", "zh": "步骤的列表，至少一步"},
    "plan.step": {"en": "reply and request", "zh": "reply 与 request"},
    "plan.reply": {"en": "ok, refused or err", "zh": "ok、refused 或 err"},
    "plan.frame": {"en": "a request and its reply", "zh": "一个请求及其应答"},

    # --- declarations and known failures ---
    "declared.no-file": {"en": "no file", "zh": "没有此文件"},
    "declared.engine": {"en": "the engine that the genesis names", "zh": "创世块所载的引擎"},
    "declared.threshold": {"en": "[1, 3] or [1, 2]", "zh": "[1, 3] 或 [1, 2]"},
    "declared.timeout": {"en": "[ticks, further ticks a round], the first at least 1",
                         "zh": "[节拍数, 每轮增加的节拍数]，前者至少为 1"},
    "declared.name": {"en": "x/ and a name of a-z, 0-9, ., _ and -", "zh": "x/ 加上由 a-z、0-9、.、_ 与 - 组成的名称"},
    "known.only": {"en": "only [[xfail]], a table for each known failure", "zh": "只有 [[xfail]]，每个已知失败一个表"},
    "known.missing": {"en": "{names} missing", "zh": "缺少 {names}"},
    "known.no-test": {"en": "no test is called {test}", "zh": "没有名为 {test} 的测试"},
    "known.no-address": {"en": "issue is no address", "zh": "issue 不是网址"},

    # --- scenarios ---
    "receipt.each": {"en": "a receipt for every transaction", "zh": "每笔交易都有回执"},
    "receipt.late": {"en": "none in time", "zh": "未及时得到"},
    "tips.equal": {"en": "equal tips", "zh": "链尾相同"},
}  # fmt: skip
"""Key -> language -> sentence with `{values}`."""

STANDINGS: Final[Mapping[str, str]] = {
    r"height (?P<height>\d+) decided": "高度 {height} 已决定",
    r"height (?P<height>\d+) open": "高度 {height} 未决定",
    r"height (?P<height>\d+) decided, (?P<rest>.+)": "已决定高度 {height}，{rest}",
    r"height (?P<height>\d+) (?P<rest>(?:wants )?view .+)": "高度 {height}，{rest}",
    r"height (?P<height>\d+) round (?P<round>\d+) step (?P<step>\w+) locked (?P<locked>-?\d+)":
        "高度 {height} 第 {round} 轮，步骤为{step}，锁定轮次 {locked}",
    r"view (?P<view>\d+), locked on nothing": "第 {view} 视图，未锁定",
    r"view (?P<view>\d+), locked on (?P<value>\w+) of view (?P<locked>\d+)":
        "第 {view} 视图，锁定于第 {locked} 视图的 {value}",
    r"view (?P<view>\d+) prepared nothing": "第 {view} 视图，未准备任何值",
    r"view (?P<view>\d+) prepared (?P<value>\w+) in (?P<made>\d+)": "第 {view} 视图，已在第 {made} 视图准备 {value}",
    r"wants (?P<rest>view .+)": "欲进入{rest}",
    r"(?P<above>\d+) above it, slot (?P<slot>\d+)": "其上还有 {above} 个区块，第 {slot} 时隙",
    r"term (?P<term>\d+) led by nobody known": "第 {term} 任期，领导者未知",
    r"term (?P<term>\d+) led by (?P<leader>\S+)": "第 {term} 任期，领导者为 {leader}",
    r"epoch (?P<epoch>\d+)": "第 {epoch} 纪元",
    "idle": "闲置",
}
"""What engines of the reference say of where they stand, as a pattern, and its Chinese. Parts called `rest` and `step`
are told in their turn."""
LONGEST: Final = 200
"""Characters of the longest of them; what is longer is a node's own."""


@frozen
class Sentence:
    """Something to be told in either language: a key of `SENTENCES` and its values, among them sentences and tuples of
    such."""

    key: str
    values: Mapping[str, Any] = field(factory=dict, hash=False)

    def __str__(self) -> str:
        return self.in_words("en")

    def in_words(self, language: str) -> str:
        """It in words; `language` is `zh` or `en`."""
        spoken: Language = "zh" if language == "zh" else "en"
        values = {name: in_words(value, spoken) for name, value in self.values.items()}
        if self.key == "stuck.at":
            values["place"] = standing(values["place"], spoken)
        return SENTENCES[self.key][spoken].format(**values)

    def to_data(self) -> dict[str, Any]:
        """Key and values as JSON data."""
        return {"key": self.key, "values": {name: _data(value) for name, value in self.values.items()}}


Text = str | Sentence
"""What can be told: a sentence, or what reads alike in both languages."""


def say(key: str, /, **values: Any) -> Sentence:
    """The sentence of a key."""
    return Sentence(key, values)


def kind(name: str) -> Text:
    """The kind of a message; an engine from elsewhere may have kinds of its own."""
    return say(f"kind.{name}") if f"kind.{name}" in SENTENCES else name


def standing(place: str, language: Language) -> str:
    """Where a node says that it stands; what no engine of the reference says is the node's own, and told as it came."""
    if language == "en" or len(place) > LONGEST:
        return place
    if f"kind.{place}" in SENTENCES:
        return SENTENCES[f"kind.{place}"]["zh"]
    fitting = ((found, told) for pattern, told in STANDINGS.items() if (found := re.fullmatch(pattern, place)))
    found, told = next(fitting, (None, place))
    if found is None:
        return place
    parts = {name: standing(part, language) if name in ("rest", "step") else part
             for name, part in found.groupdict().items()}  # fmt: skip
    return told.format(**parts)


def in_words(text: object, language: Language) -> str:
    """A text in words; several with a mark between them."""
    if isinstance(text, tuple):
        return BETWEEN[language].join(in_words(one, language) for one in text)
    return text.in_words(language) if isinstance(text, Sentence) else str(text)


def written(**texts: Text) -> dict[str, Any]:
    """Texts as members of a JSON object: each in English by its name, and in `said` the key and values of those that
    are sentences."""
    said = {name: text.to_data() for name, text in texts.items() if isinstance(text, Sentence)}
    return {**{name: str(text) for name, text in texts.items()}, "said": said}


def _data(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_data(one) for one in value]
    return value.to_data() if isinstance(value, Sentence) else value if type(value) in (int, bool) else str(value)
