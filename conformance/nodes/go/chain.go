// One channel's chain and state, and the transactions that wait (spec/data.md; spec/node-protocol.md, NOD-016,
// NOD-062). What lasts is said as writes; the disk is whoever's holds it.

package main

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
)

const ( // of spec/limits.toml
	driftAhead  = 10      // block.drift_ahead_seconds
	driftBehind = 60      // block.drift_behind_seconds
	poolLimit   = 10000   // pool.transactions
	blocksKept  = 1000    // node.blocks_kept
	diskBytes   = 1 << 26 // protocol.disk_bytes
	proposalGap = 4096    // of a block, for its header (NOD-062)
)

// Write is a key of the disk with its value; nil deletes it.
type Write struct {
	key   string
	value []byte
}

// Committed is a block that was decided.
type Committed struct {
	block    *Block
	cert     any // nil where the engine makes none
	receipts list
	round    int64
}

// placeOf is where the receipt of a transaction stands.
type placeOf struct {
	height int64
	index  int // among the receipts of transactions
	told   object
}

// Chain is the ledger of one channel at one member.
type Chain struct {
	genesis    *Genesis
	membership Membership
	since      int64 // the first height at which they are in force
	known      *Known
	pool       map[string]*Transaction
	blocks     map[int64]*Committed
	receipts   map[string]placeOf
	state      *StateMap
	tip        Tip
}

func newChain(genesisBytes []byte, suite string) *Chain {
	genesis := checkGenesis(genesisBytes, []string{suite})
	return &Chain{
		genesis: genesis, membership: genesis.membership,
		known: knownOf(genesis.channel, genesis.suite, genesis.membership),
		pool:  map[string]*Transaction{}, blocks: map[int64]*Committed{}, receipts: map[string]placeOf{},
	}
}

func (c *Chain) open() []Write {
	draft := openGenesis(c.genesis)
	c.state = draft.committed()
	c.tip = Tip{c.genesis.id(), 0, c.genesis.time, toHex(merkleRoot(nil)), c.state.root}
	return c.writes(draft, Write{"genesis", c.genesis.bytes})
}

func (c *Chain) writes(draft *Draft, first Write) []Write { // of a height, in one piece (NET-014)
	writes := []Write{first}
	for _, key := range sortedKeys(draft.writes) {
		writes = append(writes, Write{"state/" + toHex([]byte(key)), draft.writes[key]})
	}
	return append(writes, Write{"tip", encode(c.tip.value())})
}

// ---- what waits

// admit takes a transaction that waits from now on: its id, and whether it is new here (NOD-016).
func (c *Chain) admit(data []byte) (id string, fresh bool) {
	transaction := readTransaction(data)
	c.known.judgeSigned(transaction)
	next := nonceOf(newDraft(c.state), transaction.sender())
	refuseUnless(transaction.nonce >= next, "tx.nonce_used", "the next nonce or a later one", transaction.nonce)
	if c.pool[transaction.id] != nil {
		return transaction.id, false
	}
	refuseUnless(len(c.pool) < poolLimit, "tx.pool_full", "fewer that wait", len(c.pool))
	c.pool[transaction.id] = transaction
	return transaction.id, true
}

func (c *Chain) ready() []*Transaction { // NOD-062
	waiting := make([]*Transaction, 0, len(c.pool))
	for _, id := range sortedKeys(c.pool) {
		waiting = append(waiting, c.pool[id])
	}
	sort.SliceStable(waiting, func(a, b int) bool {
		x, y := waiting[a], waiting[b]
		return x.sender() < y.sender() || (x.sender() == y.sender() && x.nonce < y.nonce)
	})
	draft, due, listed, room := newDraft(c.state), map[string]int64{}, []*Transaction{}, blockBytes-proposalGap
	const nothing = -1 // what stands behind one that does not fit waits on
	for _, one := range waiting {
		next, known := due[one.sender()]
		if !known {
			next = nonceOf(draft, one.sender())
		}
		size := len(one.bytes) + 1
		switch {
		case one.nonce != next:
		case size > room || len(listed) == blockTransactions:
			due[one.sender()] = nothing
		default:
			due[one.sender()], room, listed = next+1, room-size, append(listed, one)
		}
	}
	return listed
}

// hasReady says whether something waits that may stand in the next block: the first of it always fits.
func (c *Chain) hasReady() bool {
	draft, nonces := newDraft(c.state), map[string]int64{}
	for _, one := range c.pool {
		next, known := nonces[one.sender()]
		if !known {
			next = nonceOf(draft, one.sender())
			nonces[one.sender()] = next
		}
		if one.nonce == next {
			return true
		}
	}
	return false
}

func (c *Chain) deadline() (int64, bool) { // the earliest second at which time acts
	keys := newDraft(c.state).keys("timer/")
	if len(keys) == 0 {
		return 0, false
	}
	return timerIn(keys[0]).deadline, true
}

// ---- blocks

func (c *Chain) propose(proposer string, second int64) []byte { // DAT-097
	ready, bodies := c.ready(), list{}
	for _, one := range ready {
		bodies = append(bodies, one.value)
	}
	header := object{
		"channel": c.genesis.channel, "height": c.tip.height + 1, "membership": c.membership.digest(),
		"previous": c.tip.block,
		"proposer": proposer, "receipts_root": c.tip.receiptsRoot, "size": int64(len(ready)),
		"state_root": c.tip.stateRoot,
		"suite":      c.genesis.suite, "time": max(second, c.tip.time), "transactions_root": transactionsRoot(ready),
	}
	return encode(object{"header": header, "transactions": bodies})
}

func (c *Chain) judged(data []byte) *Block { // the block in data, which may stand on the tip (DAT-085 to DAT-099)
	block, draft, known := readBlock(data), newDraft(c.state), knownOf(c.genesis.channel, c.genesis.suite, c.membership)
	for _, one := range c.membership.members {
		known.nonces[one.name] = nonceOf(draft, one.name)
	}
	block.judge(c.tip, c.membership, known)
	return block
}

func isTimely(block *Block, second int64) bool { // DAT-096
	return block.time <= second+driftAhead && block.time >= second-driftBehind
}

func (c *Chain) commit(block *Block, cert any, round int64) []Write { // a block that was judged
	here := Setting{c.membership, c.genesis.engine, c.genesis.open, block.height, block.time}
	draft, receipts := execute(c.state, block, here)
	c.state = draft.committed()
	c.tip = Tip{block.id, block.height, block.time, receiptsRoot(receipts), c.state.root}
	c.keep(&Committed{block, cert, receipts, round})
	if old := c.blocks[block.height-blocksKept]; old != nil {
		for _, one := range old.block.transactions {
			delete(c.receipts, one.id)
		}
		delete(c.blocks, block.height-blocksKept)
	}
	for _, one := range block.transactions {
		delete(c.pool, one.id)
	}
	if _, written := draft.writes[membersKey]; written {
		c.takeMembers()
	}
	after := newDraft(c.state)
	for id, one := range c.pool {
		if one.nonce < nonceOf(after, one.sender()) {
			delete(c.pool, id)
		}
	}
	kept := object{"block": block.value, "cert": cert, "receipts": receipts, "round": round}
	return c.writes(draft, Write{fmt.Sprintf("block/%d", block.height), encodeWithin(kept, depthLimit+2)})
}

func (c *Chain) keep(decided *Committed) {
	height := decided.block.height
	c.blocks[height] = decided
	index := 0
	for _, one := range decided.receipts {
		if told, is := one.(object); is && told["tx"] != nil {
			id, _ := told["tx"].(string)
			c.receipts[id] = placeOf{height, index, told}
			index++
		}
	}
}

func (c *Chain) receiptOf(id string) object { // NOD-042; nil if it is not known
	if c.pool[id] != nil {
		return object{"status": "pending"}
	}
	found, is := c.receipts[id]
	if !is {
		return nil
	}
	answer := object{"height": found.height, "index": int64(found.index)}
	for _, name := range []string{"status", "code", "events"} {
		if said, has := found.told[name]; has {
			answer[name] = said
		}
	}
	return answer
}

// ---- a disk

// load goes on from what a disk holds, or refuses it as `store.corrupt` (NET-016, DAT-121, NOD-019).
func (c *Chain) load(disk map[string][]byte) {
	refused := attempt(func() { c.loadFrom(disk) })
	refuseUnless(refused == nil, "store.corrupt", "a sound disk", refused)
}

func (c *Chain) loadFrom(disk map[string][]byte) {
	sound := func(holds bool, what string) { refuseUnless(holds, "store.corrupt", what, "another disk") }
	sound(bytes.Equal(disk["genesis"], c.genesis.bytes), "the genesis of this channel")
	values := map[string][]byte{}
	for key, value := range disk {
		if name, is := strings.CutPrefix(key, "state/"); is {
			sound(isBytes(name), "keys of the state in hex")
			values[string(fromHex(name))] = value
		}
	}
	c.tip = readTip(decode(disk["tip"], diskBytes, depthLimit))
	draft := newDraft(newState(values, nil))
	sound(c.tip.stateRoot == draft.base.root, "a state with the root of the tip")
	draft.base.program = programIn(draft)
	c.state = draft.base
	c.takeMembers()
	previous := ""
	for height := max(1, c.tip.height-blocksKept+1); height <= c.tip.height; height++ {
		kept := shaped(decode(disk[fmt.Sprintf("block/%d", height)], diskBytes, depthLimit+2), map[string]fits{
			"block": isObject, "cert": anything, "receipts": isList, "round": isCount,
		})
		block := readBlock(encode(kept["block"]))
		sound(block.height == height && (previous == "" || block.previous == previous),
			"blocks that stand on each other")
		c.keep(&Committed{block, kept["cert"], kept["receipts"].(list), kept["round"].(int64)})
		previous = block.id
	}
	sound((c.tip.height == 0) == (previous == "") && (previous == "" || previous == c.tip.block),
		"the block of the tip")
}
