// One channel's chain and state, and the transactions that wait (spec/data.md; spec/node-protocol.md, NOD-016, NOD-062).
// What lasts is said as writes [key, bytes or null]; the disk is whoever's holds it.

import { MEMBERS, membersIn, rulesOf } from "./admission.js";
import { bytesOf, decode } from "./canonical.js";
import { Draft, keyBytes } from "./draft.js";
import { execute, nonceOf, openGenesis } from "./execution.js";
import { stateRoot, root } from "./hashes.js";
import {
  LIMITS, blockId, checkBlock, checkGenesis, genesisId, judgeSigned, knownOf, membershipDigest, readTransaction,
  transactionId,
} from "./ledger.js";
import { Refused, refuseUnless } from "./refusal.js";

const AHEAD = 10, BEHIND = 60, WAITING = 10000, KEPT = 1000; // block.drift_*, pool.transactions, node.blocks_kept
const rootOf = (state) => stateRoot([...state].map(([key, value]) => [keyBytes(key), value])).toString("hex");
const stored = (key) => `state/${keyBytes(key).toString("hex")}`;
const corrupt = (holds, what) => refuseUnless(holds, "store.corrupt", what, "another disk");

export class Chain {
  constructor(genesisBytes, suite) {
    this.genesis = checkGenesis(genesisBytes, [suite]);
    this.genesisBytes = genesisBytes;
    this.members = this.genesis.members;
    this.known = knownOf({ ...this.genesis, nonces: [] });
    this.pool = new Map(); // id -> {transaction, bytes}
    this.blocks = new Map(); // height -> {block, bytes, cert, receipts, round}
  }

  open() {
    const draft = openGenesis(this.genesis);
    this.state = draft.committed();
    this.tip = {
      block: genesisId(this.genesisBytes), height: 0, receipts_root: root([]).toString("hex"), state_root: rootOf(this.state),
      time: this.genesis.time,
    };
    return [["genesis", this.genesisBytes], ...this.written(draft), ["tip", bytesOf(this.tip)]];
  }

  written(draft) {
    return [...draft.writes].map(([key, value]) => [stored(key), value ?? null]);
  }

  // What a disk holds, or `store.corrupt` (NET-016, DAT-121, NOD-019).
  load(disk) {
    const value = (key) => (corrupt(disk.has(key), key), disk.get(key));
    const json = (key) => {
      try {
        return decode(value(key), LIMITS.block * 8);
      } catch (refused) {
        if (!(refused instanceof Refused)) throw refused;
        throw new Refused("store.corrupt", `canonical bytes under ${key}`, refused.code);
      }
    };
    corrupt(value("genesis").equals(this.genesisBytes), "the genesis of this channel");
    this.state = new Map();
    for (const [key, bytes] of disk) {
      if (key.startsWith("state/")) this.state.set(Buffer.from(key.slice("state/".length), "hex").toString("latin1"), bytes);
    }
    this.tip = json("tip");
    let fits = false;
    try {
      fits = this.tip.state_root === rootOf(this.state);
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused; // a key that no state has
    }
    corrupt(fits, "a state with the root of the tip");
    this.takeMembers();
    let previous = null;
    for (let height = Math.max(1, this.tip.height - KEPT + 1); height <= this.tip.height; height += 1) {
      const { block, cert, receipts, round } = json(`block/${height}`);
      corrupt(block?.header?.height === height && (previous === null || block.header.previous === previous), `block ${height}`);
      this.blocks.set(height, { block, bytes: bytesOf(block), cert, receipts, round });
      previous = blockId(block.header);
    }
    corrupt(previous === null ? this.tip.height === 0 : previous === this.tip.block, "the block of the tip");
  }

  // ---- what waits

  admit(bytes) { // NOD-016: its id, and whether it is new here
    const transaction = readTransaction(bytes), digest = transactionId(transaction), id = digest.toString("hex");
    judgeSigned(transaction, digest, this.known);
    const { nonce, signers: [sender] } = transaction.body, next = nonceOf(new Draft(this.state), sender);
    refuseUnless(nonce >= next, "tx.nonce_used", next, nonce);
    if (this.pool.has(id)) return { id, fresh: false };
    refuseUnless(this.pool.size < WAITING, "tx.pool_full", WAITING, this.pool.size);
    this.pool.set(id, { id, transaction, bytes });
    return { id, fresh: true };
  }

  ready() { // NOD-062
    const draft = new Draft(this.state), due = new Map(), listed = [];
    const order = (a, b) => compare(a.sender, b.sender) || a.nonce - b.nonce || compare(a.id, b.id);
    const waiting = [...this.pool.values()].map((one) => ({ ...one, ...one.transaction.body, sender: one.transaction.body.signers[0] }));
    let room = LIMITS.block - 4096;
    for (const one of waiting.sort(order)) {
      const next = due.get(one.sender) ?? nonceOf(draft, one.sender), size = one.bytes.length + 1;
      if (one.nonce !== next) continue;
      const fits = size <= room && listed.length < LIMITS.transactions;
      due.set(one.sender, fits ? next + 1 : -1); // those behind one that does not fit wait on, its equals in nonce included
      if (!fits) continue;
      room -= size;
      listed.push(one.transaction);
    }
    return listed;
  }

  deadline() { // the earliest second at which time acts; null if none
    const [key] = new Draft(this.state).keys("timer/");
    return key === undefined ? null : Number(key.split("/")[1]);
  }

  // ---- blocks

  propose(proposer, second) { // DAT-097
    const { tip, genesis } = this, transactions = this.ready();
    const header = {
      channel: genesis.channel, height: tip.height + 1, membership: membershipDigest(this.members), previous: tip.block, proposer,
      receipts_root: tip.receipts_root, size: transactions.length, state_root: tip.state_root, suite: genesis.suite,
      time: Math.max(second, tip.time), transactions_root: root(transactions.map(bytesOf)).toString("hex"),
    };
    return bytesOf({ header, transactions });
  }

  judged(bytes) { // the block in `bytes`, which may stand on the tip (DAT-085 to DAT-099)
    const draft = new Draft(this.state), { channel, suite } = this.genesis, { members } = this, { block: id } = this.tip;
    const nonces = { get: (sender) => nonceOf(draft, sender) };
    return checkBlock(bytes, { tip: { ...this.tip, id, channel, suite }, members, nonces: members.map(({ member }) => [member, nonces.get(member)]) });
  }

  isTimely(block, second) { // DAT-096
    return block.header.time <= second + AHEAD && block.header.time >= second - BEHIND;
  }

  commit(bytes, cert, round) { // NET-014: the writes, in one piece
    const block = this.judged(bytes), idOf = (one) => transactionId(one).toString("hex"), { height, time } = block.header;
    const { draft, receipts } = execute(this.state, block, idOf, this.members, rulesOf(this.genesis));
    this.state = draft.committed();
    this.tip = {
      block: blockId(block.header), height, receipts_root: root(receipts.map(bytesOf)).toString("hex"), state_root: rootOf(this.state), time,
    };
    this.blocks.set(height, { block, bytes, cert, receipts, round });
    this.blocks.delete(height - KEPT);
    const after = new Draft(this.state);
    if (draft.writes.has(MEMBERS)) this.takeMembers();
    for (const one of block.transactions) this.pool.delete(idOf(one));
    for (const [id, { transaction: { body } }] of this.pool) if (body.nonce < nonceOf(after, body.signers[0])) this.pool.delete(id);
    return [[`block/${height}`, bytesOf({ block, cert, receipts, round })], ...this.written(draft), ["tip", bytesOf(this.tip)]];
  }

  takeMembers() { // DAT-076, DAT-079
    const stored = membersIn(new Draft(this.state));
    this.members = stored?.members ?? this.genesis.members;
    this.since = stored?.since ?? 1;
    this.known = knownOf({ ...this.genesis, members: this.members, nonces: [] });
    for (const [id, { transaction }] of this.pool) {
      try {
        judgeSigned(transaction, Buffer.from(id, "hex"), this.known);
      } catch (refused) {
        if (!(refused instanceof Refused)) throw refused;
        this.pool.delete(id);
      }
    }
  }

  receiptOf(id) { // NOD-042; undefined if it is not known
    if (this.pool.has(id)) return { status: "pending" };
    for (const [height, { receipts }] of this.blocks) {
      const told = receipts.filter((one) => "tx" in one), index = told.findIndex((one) => one.tx === id);
      if (index < 0) continue;
      const { kind, tx, ...said } = told[index];
      return { ...said, height, index };
    }
    return undefined;
  }
}

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
