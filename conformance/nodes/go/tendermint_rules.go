// What a member of Tendermint says and does (spec/consensus.md, part 3): the rules "upon" of arXiv 1807.04938,
// algorithm 1.

package main

import "sort"

// ---- speaking

func (t *Tendermint) askForHelp() {
	t.host.send(t.messages.signed("sync", t.height, t.round, object{}), nil)
}

func (t *Tendermint) say(kind string, body object) { // CON-004, CON-005
	if !t.messages.speaks() { // CON-093
		return
	}
	message := t.messages.signed(kind, t.height, t.round, body)
	t.host.record(message)
	t.host.send(message, nil)
	t.note(message)
}

func (t *Tendermint) vote(kind, value string) {
	t.step = kind
	body := object{}
	if value != "" {
		body["value"] = value
	}
	t.say(kind, body)
}

func (t *Tendermint) startRound(round int64) { // lines 11 to 21
	t.round, t.step = round, "propose"
	if t.proposer(round) != t.self {
		t.wake("propose")
		return
	}
	payload := t.payloadOf(t.valid) // CON-014
	if payload == nil {
		payload = t.host.payload()
	}
	t.say("propose", object{"payload": toHex(payload), "valid_round": t.validRound,
		"value": t.host.opinion(payload).name})
}

func (t *Tendermint) payloadOf(value string) []byte { // nil if there is no such value
	for _, one := range t.heard() {
		if one.kind == "propose" && value != "" && one.voted == value {
			return one.payload
		}
	}
	return nil
}

func (t *Tendermint) wake(phase string) { // CON-009
	t.host.wake(phase, t.height, t.round, firstTicks+moreTicks*t.round)
}

func (t *Tendermint) expire(phase string, height, round int64) { // CON-026
	if !t.running || height != t.height || round != t.round {
		return
	}
	if !t.messages.speaks() { // CON-094
		t.askForHelp()
	}
	switch {
	case phase == "propose" && t.step == "propose":
		t.vote("prevote", "")
	case phase == "prevote" && t.step == "prevote":
		t.vote("precommit", "")
	case phase == "precommit":
		t.startRound(round + 1)
	}
	t.applyRules()
}

func (t *Tendermint) finish(round int64, payload []byte, votes []Vote) {
	t.running, t.lastRound = false, round
	t.host.decide(t.height, round, payload, votes)
}

// ---- the rules, until nothing more happens

func (t *Tendermint) applyRules() {
	for t.running && (t.decideRule() || t.skipRule() || t.answerRule() || t.polkaRule() || t.waitRule()) {
	}
}

func (t *Tendermint) decideRule() bool { // line 49
	for _, round := range t.roundsHeard() {
		said := t.rounds[round].said
		for _, proposal := range said["propose"] {
			if !t.quorumFor(said["precommit"], proposal.voted) || t.host.opinion(proposal.payload).refused != nil {
				continue
			}
			votes := mapped(votesFor(said["precommit"], proposal.voted),
				func(one *Message) Vote { return Vote{one.from, one.sig} })
			sort.Slice(votes, func(a, b int) bool { return votes[a].member < votes[b].member })
			t.finish(round, proposal.payload, votes)
			return true
		}
	}
	return false
}

func (t *Tendermint) skipRule() bool { // line 55 (CON-017)
	heard := t.roundsHeard()
	for at := len(heard) - 1; at >= 0 && heard[at] > t.round; at-- {
		all := []*Message{}
		for _, phase := range phases {
			all = append(all, t.rounds[heard[at]].said[phase]...)
		}
		if t.hasCorrect(t.weigh(all)) {
			t.startRound(heard[at])
			return true
		}
	}
	return false
}

func (t *Tendermint) answerRule() bool { // lines 22 and 28 (CON-012, CON-013, CON-018)
	if t.step != "propose" {
		return false
	}
	for _, proposal := range t.saidIn(t.rounds, t.round, "propose") {
		value, proof := proposal.voted, proposal.validRound
		if proof >= 0 && !t.quorumFor(t.saidIn(t.rounds, proof, "prevote"), value) {
			continue
		}
		opinion := t.host.opinion(proposal.payload)
		free := t.lockedRound <= proof || t.locked == value
		if proof == -1 {
			free = opinion.timely && (t.lockedRound == -1 || t.locked == value)
		}
		if opinion.refused != nil || !free {
			value = ""
		}
		t.vote("prevote", value)
		return true
	}
	return false
}

func (t *Tendermint) polkaRule() bool { // lines 36 and 44 (CON-015, CON-025)
	if t.step == "propose" {
		return false
	}
	log := t.at(t.round)
	if t.step == "prevote" && t.quorumFor(log.said["prevote"], "") {
		t.vote("precommit", "")
		return true
	}
	if log.done["polka"] {
		return false
	}
	for _, proposal := range log.said["propose"] {
		if !t.quorumFor(log.said["prevote"], proposal.voted) || t.host.opinion(proposal.payload).refused != nil {
			continue
		}
		log.done["polka"] = true
		t.valid, t.validRound = proposal.voted, t.round
		if t.step == "prevote" {
			t.locked, t.lockedRound = t.valid, t.round
			t.host.record(proposal) // so that a lock that comes back has its payload (CON-008)
			t.vote("precommit", t.valid)
		}
		return true
	}
	return false
}

func (t *Tendermint) waitRule() bool { // lines 34 and 47 (CON-025)
	log := t.at(t.round)
	for _, phase := range []string{"prevote", "precommit"} {
		open := phase == "precommit" || t.step == "prevote"
		if !open || log.done[phase] || !t.isQuorum(t.weigh(log.said[phase])) {
			continue
		}
		log.done[phase] = true
		t.wake(phase)
		return true
	}
	return false
}
