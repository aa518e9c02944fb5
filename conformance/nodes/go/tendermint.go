// Tendermint (spec/consensus.md, parts 1 and 3; line numbers are those of arXiv 1807.04938, algorithm 1), for one
// member: what it hears, and what it keeps of that. What it does about it is in tendermint_rules.go.
//
// It is told of messages, timers and heights; it asks its node, the host, for payloads and for what is valid, and has
// it send, record, wake and decide. It knows no transactions and no disk.

package main

import "sort"

const (
	firstTicks   = 3    // of a phase in round 0 (CON-009)
	moreTicks    = 1    // in each round
	aheadLimit   = 4096 // consensus.messages_ahead of spec/limits.toml
	roundsAhead  = 1000 // consensus.rounds_ahead
	variantLimit = 64   // consensus.variants
)

var phases = []string{"propose", "prevote", "precommit"}

// Log is what was heard of one round.
type Log struct {
	said map[string][]*Message // by phase
	done map[string]bool       // what happens once a round (CON-025)
}

// Tendermint is one member's part in agreeing.
type Tendermint struct {
	self       string
	names      []string // validators, in order
	membership Membership
	total      int64
	messages   *Messages
	host       *Voice

	height, round           int64
	step                    string
	running                 bool
	locked, valid           string // empty: none
	lockedRound, validRound int64
	rounds, previous        map[int64]*Log
	lastRound               int64 // in which the height before was decided
	ahead                   []*Message
	seen                    int64 // the greatest height heard of (CON-027)
	behind                  bool
	helped                  map[string][2]int64
}

func newTendermint(self string, membership Membership, messages *Messages, host *Voice) *Tendermint {
	engine := &Tendermint{
		self: self, names: sortedKeys(membership.validators()), membership: membership, messages: messages, host: host,
		rounds: map[int64]*Log{}, previous: map[int64]*Log{}, helped: map[string][2]int64{},
	}
	_, engine.total = membership.weighed(nil)
	return engine
}

// ---- weights

func (t *Tendermint) weigh(messages []*Message) int64 { // a member weighs once (CON-011)
	names := mapped(messages, func(one *Message) string { return one.from })
	weight, _ := t.membership.weighed(names)
	return weight
}

func (t *Tendermint) isQuorum(weight int64) bool   { return isQuorum(weight, t.total) } // CON-002
func (t *Tendermint) hasCorrect(weight int64) bool { return 3*weight > t.total }

func votesFor(votes []*Message, value string) []*Message {
	found := []*Message{}
	for _, one := range votes {
		if one.voted == value {
			found = append(found, one)
		}
	}
	return found
}

func (t *Tendermint) quorumFor(votes []*Message, value string) bool {
	return t.isQuorum(t.weigh(votesFor(votes, value)))
}

func (t *Tendermint) proposer(round int64) string { // CON-010
	return t.names[(t.height-1+round)%int64(len(t.names))]
}

func (t *Tendermint) at(round int64) *Log {
	if t.rounds[round] == nil {
		t.rounds[round] = &Log{map[string][]*Message{}, map[string]bool{}}
	}
	return t.rounds[round]
}

func (t *Tendermint) roundsHeard() []int64 { // ascending
	found := make([]int64, 0, len(t.rounds))
	for round := range t.rounds {
		found = append(found, round)
	}
	sort.Slice(found, func(a, b int) bool { return found[a] < found[b] })
	return found
}

// ---- heights

func (t *Tendermint) begin(height int64) {
	t.open(height)
	t.startRound(0)
	if t.behind || height <= t.seen { // CON-008, CON-027
		t.askForHelp()
	}
	t.behind = false
	waited := t.ahead
	t.ahead = nil
	for _, message := range waited {
		if message.height == height && t.running && t.height == height {
			attempt(func() { t.listen(message) }) // what waited is refused now as it would have been on arrival
		}
	}
	t.applyRules()
}

func (t *Tendermint) open(height int64) {
	t.height, t.running, t.round, t.step = height, true, 0, "propose"
	t.locked, t.lockedRound, t.valid, t.validRound = "", -1, "", -1
	t.previous, t.rounds = t.rounds, map[int64]*Log{}
}

// resume comes back with what was recorded at this height (CON-008).
func (t *Tendermint) resume(height int64, records []*Message) {
	t.open(height)
	mine := []*Message{}
	for _, message := range records {
		t.note(message)
		if message.from == t.self {
			mine = append(mine, message)
		}
	}
	if len(mine) == 0 {
		t.startRound(0)
	}
	sort.SliceStable(mine, func(a, b int) bool {
		x, y := mine[a], mine[b]
		return x.round < y.round || (x.round == y.round && phaseOf(x.kind) < phaseOf(y.kind))
	})
	for _, message := range mine {
		t.round, t.step = message.round, message.kind
		if message.kind == "precommit" && message.voted != "" {
			t.locked, t.valid = message.voted, message.voted
			t.lockedRound, t.validRound = message.round, message.round
		}
		t.host.send(message, nil)
	}
	if len(mine) > 0 {
		t.wake(t.step)
	}
	t.askForHelp()
	t.applyRules()
	t.behind = true
}

func phaseOf(kind string) int {
	for at, one := range phases {
		if one == kind {
			return at
		}
	}
	return -1
}

// ---- hearing

func (t *Tendermint) receive(message *Message) {
	switch {
	case message.height == t.height+1:
		t.keepAhead(message)
	case message.height > t.height:
		t.hearOf(message.height)
	case message.height < t.height || !t.running:
		t.help(message)
	default:
		t.listen(message)
		t.applyRules()
	}
}

func (t *Tendermint) hearOf(height int64) { // CON-027, CON-094
	if height > t.seen && t.running && !t.messages.speaks() {
		t.askForHelp()
	}
	t.seen = max(t.seen, height)
}

func (t *Tendermint) hasHeardAhead(height int64) bool {
	for _, one := range t.ahead {
		if one.height == height {
			return true
		}
	}
	return false
}

func (t *Tendermint) keepAhead(message *Message) { // CON-022
	if len(t.ahead) >= aheadLimit {
		return
	}
	for _, one := range t.ahead {
		if string(one.bytes) == string(message.bytes) {
			return
		}
	}
	t.ahead = append(t.ahead, message)
}

func (t *Tendermint) listen(message *Message) { // to a message of the present height
	refuseUnless(message.round <= t.round+roundsAhead, "net.too_far_ahead", "a nearer round", message.round) // CON-021
	switch {
	case message.kind == "decided":
		t.takeDecision(message)
	case message.kind == "sync": // CON-007
		for _, one := range t.heard() {
			t.host.send(one, []string{message.from})
		}
	case t.note(message): // CON-006
		t.host.send(message, nil)
	}
}

func (t *Tendermint) heard() []*Message {
	found := []*Message{}
	for _, round := range t.roundsHeard() {
		for _, phase := range phases {
			found = append(found, t.rounds[round].said[phase]...)
		}
	}
	return found
}

// note says whether a statement is new; a contradiction becomes evidence (CON-011, CON-019, CON-022).
func (t *Tendermint) note(message *Message) bool {
	if message.kind == "propose" {
		refuseUnless(message.from == t.proposer(message.round), "consensus.wrong_proposer", "the proposer",
			message.from) // CON-010
		named := t.host.opinion(message.payload).name == message.voted
		refuseUnless(named, "consensus.wrong_block", "the id of the block",
			message.voted) // CON-020
		refuseUnless(message.validRound < message.round, "consensus.bad_valid_round", "an earlier round",
			message.validRound) // CON-024
	}
	mine := []*Message{}
	for _, one := range t.saidIn(t.rounds, message.round, message.kind) {
		if one.from == message.from {
			mine = append(mine, one)
			if one.same(message) {
				return false
			}
		}
	}
	if len(mine) >= variantLimit {
		return false
	}
	if len(mine) > 0 {
		t.host.accuse(mine[0], message)
	}
	log := t.at(message.round)
	log.said[message.kind] = append(log.said[message.kind], message)
	return true
}

func (t *Tendermint) saidIn(rounds map[int64]*Log, round int64, kind string) []*Message {
	if rounds[round] == nil {
		return nil
	}
	return rounds[round].said[kind]
}

func (t *Tendermint) takeDecision(message *Message) { // CON-016
	opinion := t.host.opinion(message.payload)
	refuseUnless(opinion.name == message.voted, "consensus.wrong_block", "the id of the block", message.voted)
	voters := mapped(message.votes, func(one Vote) string { return one.member })
	validators := true
	for _, name := range voters {
		validators = validators && contains(t.names, name)
	}
	weight, _ := t.membership.weighed(voters)
	refuseUnless(ascending(voters) && validators && t.isQuorum(weight), "consensus.no_quorum", "votes of a quorum",
		len(voters))
	for _, vote := range message.votes {
		t.messages.verifyVote(message.height, message.round, message.voted, vote)
	}
	if opinion.refused != nil { // what may not stand here is refused before anything changes (DAT-015)
		panic(opinion.refused)
	}
	t.behind = true
	t.host.send(message, nil) // CON-006
	t.finish(message.round, message.payload, message.votes)
}

// help gives a member that is behind what it lacks (CON-007).
func (t *Tendermint) help(message *Message) {
	from, height, round := message.from, message.height, message.round
	if from == t.self || message.kind == "decided" {
		return
	}
	last, log := t.height, t.rounds
	if t.running {
		last, log = t.height-1, t.previous
	}
	known := false
	for _, one := range t.saidIn(log, round, message.kind) {
		known = known || one.same(message)
	}
	late := message.kind == "precommit" && round <= t.lastRound
	before, has := t.helped[from]
	fresh := !has || height > before[0] || (height == before[0] && round > before[1])
	behind := (height < last || !(late || known)) && fresh
	if message.kind != "sync" {
		if !behind {
			return
		}
		t.helped[from] = [2]int64{height, round}
	}
	t.host.supply(height, from)
}
