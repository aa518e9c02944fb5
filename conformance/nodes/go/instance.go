// One member of one channel behind the node protocol (spec/node-protocol.md, parts 2 and 3): every input gives effects.

package main

import "fmt"

const tick = 1000 // milliseconds; tick_ms of both profiles

// Alarm is what a timer is about.
type Alarm struct {
	phase         string
	height, round int64
}

// Opinion is what is thought of a payload: its name, empty for bytes that are no block, and why it may not stand here.
type Opinion struct {
	name    string
	refused *Refused
	block   *Block
	timely  bool
}

// Voice is an instance: one member that hears, speaks and keeps.
type Voice struct {
	self     string
	solo     bool
	runs     bool // it was started or has recovered
	idle     bool // no height is under way
	chain    *Chain
	messages *Messages
	engine   *Tendermint
	now      int64
	effects  list
	timers   map[string]Alarm
	records  []*Message
	accused  list
	opinions map[string]*Opinion // of payloads at this height
}

func newVoice(genesis, secret []byte, profile, self, suite string) *Voice {
	chain := newChain(genesis, suite)
	v := &Voice{
		self: self, solo: profile == "solo/1", idle: true, chain: chain, timers: map[string]Alarm{},
		opinions: map[string]*Opinion{},
		accused:  list{},
	}
	validators := chain.membership.validators()
	refuseUnless(!v.solo || len(validators) == 1, "consensus.not_alone", "one validator", len(validators)) // CON-030
	// refuses a directory that may not be enrolled before there is an instance
	openGenesis(chain.genesis)
	v.messages = &Messages{
		chain.genesis.channel, chain.genesis.suite, self, secret, validators, []inForce{{1, validators}},
	}
	if !v.solo {
		v.engine = newTendermint(self, chain.membership, v.messages, v)
	}
	return v
}

// ---- inputs; each returns the effects of it

func (v *Voice) enter(now int64) { v.now, v.effects = now, list{} }

func (v *Voice) second() int64 { return v.now / tick }

func (v *Voice) start(now int64) list {
	v.enter(now)
	v.persist(append(v.chain.open(), v.forgotten()...))
	v.settle()
	return v.effects
}

func (v *Voice) recover(disk map[string][]byte, now int64) list {
	if len(disk) == 0 {
		return v.start(now)
	}
	v.enter(now)
	v.chain.load(disk)
	v.renew()
	if v.solo {
		v.settle()
		return v.effects
	}
	height := v.chain.tip.height
	v.engine.height, v.idle = height, false
	refused := attempt(func() {
		for _, one := range recordsIn(disk["records"]) {
			message := v.messages.read(encode(one))
			check(message.height == height+1 && phaseOf(message.kind) >= 0, "records of the next height", message.kind)
			v.records = append(v.records, message)
		}
		v.engine.resume(height+1, v.records)
	})
	refuseUnless(refused == nil, "store.corrupt", "records that are messages", refused)
	return v.effects
}

func recordsIn(data []byte) list {
	records, is := decode(data, diskBytes, depthLimit).(list)
	check(is, "a list of records", "another value")
	return records
}

func (v *Voice) submit(data []byte, now int64) (id string, effects list) { // NOD-016
	v.enter(now)
	id, fresh := v.chain.admit(data)
	if fresh && !v.solo { // NET-012
		v.effects = append(v.effects, object{"effect": "send", "to": "all", "bytes": toHex(data)})
	}
	v.settle()
	return id, v.effects
}

func (v *Voice) deliver(data []byte, now int64) list { // NOD-014
	if isTransaction(data) {
		_, effects := v.submit(data, now)
		return effects
	}
	v.enter(now)
	refuseUnless(!v.solo, "net.unknown_kind", "no messages", "one")
	message := v.messages.read(data)
	v.engine.receive(message)
	if v.idle && message.height > v.chain.tip.height { // NET-015
		v.begin()
	}
	return v.effects
}

func (v *Voice) fire(name string, now int64) list { // NOD-015
	v.enter(now)
	alarm := v.timers[name]
	delete(v.timers, name)
	if name == "deadline" {
		v.settle()
	} else {
		v.engine.expire(alarm.phase, alarm.height, alarm.round)
	}
	return v.effects
}

func (v *Voice) settle() {
	if v.idle && v.hasWork() {
		v.begin()
	}
}

func (v *Voice) hasWork() bool { // NET-015, NOD-062, NOD-063
	heard := v.engine != nil && v.engine.hasHeardAhead(v.chain.tip.height+1)
	if !v.messages.speaks() { // CON-093, CON-094
		return heard || (v.engine != nil && v.engine.seen > v.chain.tip.height)
	}
	due, is := v.chain.deadline()
	if is && due >= v.second() {
		v.setTimer("deadline", (due+1)*tick, Alarm{})
	}
	return heard || (is && due < v.second()) || v.chain.hasReady()
}

func (v *Voice) begin() {
	v.idle = false
	if v.solo {
		v.decide(v.chain.tip.height+1, 0, v.payload(), nil) // NOD-061
		return
	}
	v.engine.begin(v.chain.tip.height + 1)
}

// ---- what the engine asks for

func (v *Voice) payload() []byte { return v.chain.propose(v.self, v.second()) }

func (v *Voice) opinion(payload []byte) *Opinion { // each payload of a height is judged when it is first seen
	known := v.opinions[string(payload)]
	if known == nil {
		known = &Opinion{}
		known.refused = attempt(func() {
			known.name = readBlock(payload).id
			known.block = v.chain.judged(payload)
			known.timely = isTimely(known.block, v.second())
		})
		v.opinions[string(payload)] = known
	}
	return known
}

func (v *Voice) send(message *Message, to []string) { // nobody named: all
	if !v.messages.speaks() && message.kind != "decided" && message.kind != "sync" { // CON-093
		return
	}
	var whom any = "all"
	if to != nil {
		whom = valuesOf(to)
	}
	v.effects = append(v.effects, object{"effect": "send", "to": whom, "bytes": toHex(message.bytes)})
}

func (v *Voice) record(message *Message) { // CON-005
	values := list{}
	for _, one := range v.records {
		if string(one.bytes) == string(message.bytes) {
			return
		}
		values = append(values, one.value)
	}
	v.records = append(v.records, message)
	v.persist([]Write{{"records", encode(append(values, message.value))}})
}

func (v *Voice) forgotten() []Write { // CON-028
	v.records = nil
	if v.solo {
		return nil
	}
	return []Write{{"records", encode(list{})}}
}

func (v *Voice) persist(writes []Write) {
	told := list{}
	for _, one := range writes {
		write := object{"key": one.key}
		if one.value != nil {
			write["value"] = toHex(one.value)
		}
		told = append(told, write)
	}
	v.effects = append(v.effects, object{"effect": "persist", "sync": true, "writes": told})
}

func (v *Voice) wake(phase string, height, round, ticks int64) {
	v.setTimer(fmt.Sprintf("%s/%d/%d", phase, height, round), v.now+ticks*tick, Alarm{phase, height, round})
}

func (v *Voice) setTimer(name string, at int64, about Alarm) {
	v.timers[name] = about
	v.effects = append(v.effects, object{"effect": "set_timer", "timer": name, "at": at})
}

func (v *Voice) accuse(first, second *Message) { // CON-019
	effect := object{
		"effect": "evidence", "against": second.from, "kind": "equivocation",
		"messages": list{toHex(first.bytes), toHex(second.bytes)},
	}
	v.accused, v.effects = append(v.accused, effect), append(v.effects, effect)
}

func (v *Voice) supply(height int64, to string) { // CON-007
	decided := v.chain.blocks[height]
	if decided == nil {
		return
	}
	cert, is := decided.cert.(object)
	if !is {
		return
	}
	body := object{"payload": toHex(decided.block.bytes), "value": cert["block"], "votes": cert["signatures"]}
	v.send(v.messages.signed("decided", height, decided.round, body), []string{to})
}

func (v *Voice) decide(height, round int64, payload []byte, votes []Vote) { // NET-014
	opinion := v.opinion(payload)
	if opinion.refused != nil {
		panic(opinion.refused)
	}
	var cert any
	if !v.solo {
		cert = v.certificate(height, round, opinion.name, votes)
	}
	before := v.chain.membership.digest()
	writes := v.chain.commit(opinion.block, cert, round)
	if v.chain.membership.digest() != before {
		v.renew()
		if v.engine != nil {
			v.engine.behind = true // CON-094
		}
	}
	clear(v.opinions)
	v.persist(append(writes, v.forgotten()...))
	for _, name := range sortedKeys(v.timers) {
		v.effects = append(v.effects, object{"effect": "cancel", "timer": name})
	}
	clear(v.timers)
	told := object{"effect": "decide", "height": height, "block": toHex(payload), "state_root": v.chain.tip.stateRoot}
	if cert != nil {
		told["cert"] = toHex(encode(cert))
	}
	v.effects = append(v.effects, told)
	v.idle = true
	v.settle()
}

func (v *Voice) certificate(height, round int64, block string, votes []Vote) object { // DAT-100
	signatures := list{}
	for _, one := range votes {
		signatures = append(signatures, object{"member": one.member, "signature": one.signature})
	}
	genesis := v.chain.genesis
	return object{
		"block": block, "channel": genesis.channel, "height": height, "kind": "precommit", "profile": "tendermint",
		"round":      round,
		"signatures": signatures, "suite": genesis.suite,
	}
}
