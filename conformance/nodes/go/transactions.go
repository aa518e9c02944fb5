// Transactions (spec/data.md, part 7): read from their bytes, then judged against a channel and its nonces.

package main

const ( // of spec/limits.toml
	transactionBytes = 65536
	deployBytes      = 524288
	transactionDepth = 120
	signersLimit     = 16
)

var transactionKinds = []string{"command", "deploy", "directory", "membership", "read", "record"} // DAT-065

// Transaction is what somebody signed and wants done.
type Transaction struct {
	bytes                []byte
	value                object
	channel, kind, suite string
	nonce                int64
	payload              any
	signers, signatures  []string
	id                   string // in hex
	digest               []byte
}

func (t *Transaction) sender() string { return t.signers[0] }

// readTransaction reads one from its bytes, alone or out of a block (DAT-060, DAT-061, DAT-064).
func readTransaction(data []byte) *Transaction {
	value := decode(data, deployBytes, transactionDepth)
	longest := transactionBytes
	if outer, is := value.(object); is {
		if body, is := outer["body"].(object); is && body["kind"] == "deploy" {
			longest = deployBytes
		}
	}
	refuseUnless(len(data) <= longest, "wire.too_large", "a shorter transaction", len(data))
	outer := shaped(value, map[string]fits{"body": isObject, "signatures": isList})
	body := shaped(outer["body"], map[string]fits{
		"channel": isName, "kind": isName, "nonce": isCount, "payload": anything, "signers": isList, "suite": isSuite,
	})
	read := &Transaction{
		bytes: data, value: outer, channel: body["channel"].(string), kind: body["kind"].(string),
		suite: body["suite"].(string),
		nonce: body["nonce"].(int64), payload: body["payload"],
	}
	signers, signatures := body["signers"].(list), outer["signatures"].(list)
	check(len(signers) >= 1 && len(signers) <= signersLimit, "1 to 16 signers", len(signers))
	for _, one := range signers {
		check(isMember(one), "members who sign", one)
	}
	read.signers = texts(signers)
	check(ascending(read.signers[1:]) && distinctTexts(read.signers), "the sender, then others ascending",
		"another order")
	check(len(signatures) == len(signers), "as many signatures as signers", len(signatures))
	for _, one := range signatures {
		check(isSignature(one), "signatures in hex", one)
	}
	read.signatures = texts(signatures)
	read.digest = digest("yilian/tx/v1", encode(body)) // DAT-062
	read.id = toHex(read.digest)
	return read
}

// Known is what transactions are judged against: the channel, its keys, and the next nonce of each sender.
type Known struct {
	channel, suite string
	pubs           map[string][]byte
	nonces         map[string]int64
}

func knownOf(channel, suite string, membership Membership) *Known {
	known := &Known{channel: channel, suite: suite, pubs: map[string][]byte{}, nonces: map[string]int64{}}
	for _, one := range membership.members {
		known.pubs[one.name] = one.pub
	}
	return known
}

// judgeSigned judges all but the nonce (DAT-065 to DAT-069, in the order of errors.toml).
func (k *Known) judgeSigned(t *Transaction) {
	refuseUnless(t.channel == k.channel, "tx.wrong_channel", k.channel, t.channel)
	refuseUnless(t.suite == k.suite, "tx.wrong_suite", k.suite, t.suite)
	refuseUnless(contains(transactionKinds, t.kind), "tx.unknown_kind", "command, deploy, directory or record", t.kind)
	for _, signer := range t.signers {
		_, is := k.pubs[signer]
		refuseUnless(is, "tx.unknown_signer", "a member", signer)
	}
	for at, signer := range t.signers {
		good := verifies(t.suite, k.pubs[signer], t.digest, fromHex(t.signatures[at]))
		refuseUnless(good, "tx.bad_signature", "a signature of the signer", signer) // DAT-063
	}
}

// judge judges the nonce as well, and takes it (DAT-070).
func (k *Known) judge(t *Transaction) {
	k.judgeSigned(t)
	next := k.nonces[t.sender()]
	refuseUnless(t.nonce >= next, "tx.nonce_used", "the next nonce", t.nonce)
	refuseUnless(t.nonce <= next, "tx.nonce_gap", "the next nonce", t.nonce)
	k.nonces[t.sender()] = next + 1
}
