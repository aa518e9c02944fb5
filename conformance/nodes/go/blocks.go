// Blocks (spec/data.md, part 8): read from their bytes, then judged against a tip.

package main

const ( // of spec/limits.toml
	blockBytes        = 1048576
	blockTransactions = 1000
)

// Block is transactions in one order.
type Block struct {
	bytes                  []byte
	value                  object
	header                 object
	height, time, size     int64
	channel, suite         string
	proposer, previous     string
	membership, stateRoot  string
	receiptsRoot, bodyRoot string
	transactions           []*Transaction
	id                     string
}

func readBlock(data []byte) *Block { // DAT-082, DAT-084
	value := shaped(decode(data, blockBytes, depthLimit), map[string]fits{"header": isObject, "transactions": isList})
	isSize := func(value any) bool { return isCount(value) && value.(int64) <= blockTransactions }
	header := shaped(value["header"], map[string]fits{
		"channel": isName, "height": isCount, "membership": isHash, "previous": isHash, "proposer": isMember,
		"receipts_root": isHash,
		"size":          isSize, "state_root": isHash, "suite": isSuite, "time": isCount, "transactions_root": isHash,
	})
	given := value["transactions"].(list)
	check(len(given) <= blockTransactions, "at most 1000 transactions", len(given))
	text := func(name string) string { return header[name].(string) }
	number := func(name string) int64 { return header[name].(int64) }
	read := &Block{
		bytes: data, value: value, header: header, height: number("height"), time: number("time"), size: number("size"),
		channel: text("channel"), suite: text("suite"), proposer: text("proposer"), previous: text("previous"),
		membership: text("membership"), stateRoot: text("state_root"), receiptsRoot: text("receipts_root"),
		bodyRoot: text("transactions_root"),
		id:       digestHex("yilian/block/v1", header), // DAT-083
	}
	for _, one := range given {
		read.transactions = append(read.transactions, readTransaction(encode(one)))
	}
	return read
}

func transactionsRoot(transactions []*Transaction) string { // DAT-094
	leaves := make([][]byte, len(transactions))
	for at, one := range transactions {
		leaves[at] = one.bytes
	}
	return toHex(merkleRoot(leaves))
}

func receiptsRoot(receipts list) string { // DAT-111
	leaves := make([][]byte, len(receipts))
	for at, one := range receipts {
		leaves[at] = encode(one)
	}
	return toHex(merkleRoot(leaves))
}

// Tip is what the block before left.
type Tip struct {
	block                   string // its id
	height, time            int64
	receiptsRoot, stateRoot string
}

func (t Tip) value() object { // NOD-040
	return object{
		"block": t.block, "height": t.height, "receipts_root": t.receiptsRoot, "state_root": t.stateRoot,
		"time": t.time,
	}
}

func readTip(value any) Tip {
	fields := shaped(value, map[string]fits{"block": isHash, "height": isCount, "receipts_root": isHash,
		"state_root": isHash, "time": isCount})
	return Tip{
		fields["block"].(string), fields["height"].(int64), fields["time"].(int64), fields["receipts_root"].(string),
		fields["state_root"].(string),
	}
}

// judge holds a block against its tip (DAT-085 to DAT-095, DAT-099, in this order). The nonces of known are used up.
func (b *Block) judge(tip Tip, membership Membership, known *Known) {
	fit := func(code string, expected, got any) { refuseUnless(expected == got, code, "what the tip says", got) }
	fit("block.wrong_channel", known.channel, b.channel)
	fit("block.wrong_suite", known.suite, b.suite)
	fit("block.wrong_height", tip.height+1, b.height)
	fit("block.wrong_previous", tip.block, b.previous)
	refuseUnless(b.time >= tip.time, "block.time_backwards", "no earlier time", b.time)
	fit("block.wrong_membership", membership.digest(), b.membership)
	_, is := membership.validators()[b.proposer]
	refuseUnless(is, "block.wrong_proposer", "a validator", b.proposer)
	fit("block.wrong_state_root", tip.stateRoot, b.stateRoot)
	fit("block.wrong_receipts_root", tip.receiptsRoot, b.receiptsRoot)
	fit("block.wrong_transactions_root", int64(len(b.transactions)), b.size)
	fit("block.wrong_transactions_root", transactionsRoot(b.transactions), b.bodyRoot)
	ids := make([]string, len(b.transactions))
	for at, one := range b.transactions {
		ids[at] = one.id
	}
	refuseUnless(distinctTexts(ids), "block.duplicate_transaction", "each transaction once", "one twice")
	for _, one := range b.transactions {
		refused := attempt(func() { known.judge(one) })
		refuseUnless(refused == nil, "block.bad_transaction", "transactions that may be executed", refused)
	}
}
