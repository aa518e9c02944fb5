// Messages between members (spec/network.md, part 1): one form, signed by their sender.

package main

import "bytes"

const messageBytes = 4194304 // net.message_bytes of spec/limits.toml

// What begins so is a transaction that is passed on, everything else a message (NET-012).
var opening = []byte(`{"body":{"channel":`)

func isTransaction(data []byte) bool { return bytes.HasPrefix(data, opening) }

// Message is what one member says.
type Message struct {
	value           object // whole, as it is sent
	body            object
	from, kind, sig string
	height, round   int64
	bytes           []byte
	voted           string // the value of a proposal, vote or decision; empty is nil (NET-005)
	payload         []byte // of a proposal or decision
	validRound      int64  // of a proposal
	votes           []Vote // of a decision
}

// Vote is a signature within a decision.
type Vote struct{ member, signature string }

var (
	isVotes = func(value any) bool {
		items, is := value.(list)
		check(is, "votes", value)
		for _, one := range items {
			shaped(one, voteShape)
		}
		return true
	}
	isValidRound = func(value any) bool { number, is := integerIn(value); return is && number >= -1 }
	voteBody     = map[string]fits{"value": isHash}
	bodies       = map[string]map[string]fits{ // NET-004; a vote of {} is nil
		"propose":   {"payload": isBytes, "valid_round": isValidRound, "value": isHash},
		"prevote":   voteBody,
		"precommit": voteBody,
		"decided":   {"payload": isBytes, "value": isHash, "votes": isVotes},
		"sync":      {},
	}
)

// Messages speaks for one member of a channel, and reads what others say.
type Messages struct {
	channel, suite, self string
	secret               []byte
	validators           map[string]Member
	force                []inForce // from which height on, the last ones first
}

type inForce struct {
	since      int64
	validators map[string]Member
}

// at is who validates at a height (CON-091).
func (m *Messages) at(height int64) map[string]Member {
	for _, one := range m.force {
		if one.since <= height {
			return one.validators
		}
	}
	return m.validators
}

func (m *Messages) digest(value object) []byte { // NET-002, of the value without sig
	unsigned := object{}
	for key, one := range value {
		if key != "sig" {
			unsigned[key] = one
		}
	}
	return digest("yilian/tendermint/"+value["kind"].(string)+"/v1", encode(unsigned))
}

func (m *Messages) signed(kind string, height, round int64, body object) *Message {
	value := object{
		"body": body, "channel": m.channel, "from": m.self, "height": height, "kind": kind, "round": round,
		"suite": m.suite,
	}
	value["sig"] = toHex(signBy(m.suite, m.secret, m.digest(value)))
	return messageOf(value, encode(value))
}

// messageOf takes apart a value that has the shape of a message.
func messageOf(value object, data []byte) *Message {
	body := value["body"].(object)
	read := &Message{
		value: value, body: body, bytes: data, from: value["from"].(string), kind: value["kind"].(string),
		sig:    value["sig"].(string),
		height: value["height"].(int64), round: value["round"].(int64),
	}
	read.voted, _ = body["value"].(string)
	read.validRound, _ = body["valid_round"].(int64)
	if payload, is := body["payload"].(string); is {
		read.payload = fromHex(payload)
	}
	if votes, is := body["votes"].(list); is {
		for _, one := range votes {
			vote := one.(object)
			read.votes = append(read.votes, Vote{vote["member"].(string), vote["signature"].(string)})
		}
	}
	return read
}

// read takes a message from its bytes (NET-001, NET-003).
func (m *Messages) read(data []byte) *Message {
	isHeight := func(value any) bool { return isCount(value) && value.(int64) >= 1 }
	value := shaped(decode(data, messageBytes, depthLimit), map[string]fits{
		"body": isObject, "channel": isName, "from": isMember, "height": isHeight, "kind": isName, "round": isCount,
		"sig":   isSignature,
		"suite": isSuite,
	})
	kind, body := value["kind"].(string), value["body"].(object)
	shape, known := bodies[kind]
	if known && !((kind == "prevote" || kind == "precommit") && len(body) == 0) {
		shaped(body, shape)
	}
	refuseUnless(known, "net.unknown_kind", "a kind of the profile", kind)
	refuseUnless(value["channel"] == m.channel, "net.wrong_channel", m.channel, value["channel"])
	refuseUnless(value["suite"] == m.suite, "net.wrong_suite", m.suite, value["suite"])
	read := messageOf(value, data)
	known, good := false, false
	for _, able := range []map[string]Member{m.at(read.height), m.validators} { // of a past height: asks for help
		_, is := able[read.from]
		known = known || is
		good = good || (is && m.holds(value, able[read.from], read.sig))
	}
	refuseUnless(known, "net.unknown_sender", "a validator", read.from)
	refuseUnless(good, "net.bad_signature", "a signature of the sender", read.from)
	return read
}

func (m *Messages) holds(value object, from Member, signature string) bool {
	return verifies(m.suite, from.pub, m.digest(value), fromHex(signature))
}

// verifyVote holds a vote for a value, as a decision has it, against its member's key; votes are of validators.
func (m *Messages) verifyVote(height, round int64, value string, vote Vote) {
	said := object{
		"body": object{"value": value}, "channel": m.channel, "from": vote.member, "height": height,
		"kind": "precommit", "round": round,
		"suite": m.suite,
	}
	good := m.holds(said, m.validators[vote.member], vote.signature)
	refuseUnless(good, "net.bad_signature", "a signature of the voter", vote.member)
}

func (m *Message) same(other *Message) bool { return m.from == other.from && equal(m.body, other.body) }
