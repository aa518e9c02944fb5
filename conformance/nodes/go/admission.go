// Members that change while the ledger runs (spec/data.md, DAT-073 to DAT-079).

package main

import (
	"bytes"
	"fmt"
	"sort"
)

const membersKey = "members"

var renewing = []string{"hotstuff", "pbft", "solo", "streamlet", "tendermint"} // DAT-078

// membersIn is who was brought into force by a transaction (DAT-076), else those of the genesis.
func membersIn(draft *Draft, genesis Membership) Membership {
	stored, is := draft.read(membersKey).(object)
	if !is {
		return genesis
	}
	return readMembers(stored["members"])
}

// Wanted is a payload of kind membership.
type Wanted struct {
	changes  []Member
	values   map[string]any // the entry of each, as it is hashed
	named    []string       // who is changed, then who is removed
	removed  []string
	evidence any // a number, or nil for none
}

func wantedIn(payload any) Wanted { // DAT-073
	isReason := func(one any) bool { return one == nil || isCount(one) }
	fields := shaped(payload, map[string]fits{
		"changes": listUpTo(membersLimit, isObject), "evidence": isReason, "removed": listUpTo(membersLimit, isMember),
	})
	wanted := Wanted{evidence: fields["evidence"], removed: texts(fields["removed"].(list)), values: map[string]any{}}
	for _, one := range fields["changes"].(list) {
		member := memberIn(one)
		wanted.changes, wanted.named = append(wanted.changes, member), append(wanted.named, member.name)
		wanted.values[member.name] = one
	}
	check(len(wanted.changes)+len(wanted.removed) > 0, "somebody to change or remove", "nobody")
	wanted.named = append(wanted.named, wanted.removed...)
	return wanted
}

// isFree says whether an open channel asks no quorum for a payload (DAT-077).
func isFree(t *Transaction, present Membership) (free bool) {
	attempt(func() {
		wanted := wantedIn(t.payload)
		free = true
		for _, one := range wanted.changes {
			_, known := present.of(one.name)
			free = free && one.role == "member" && !known
		}
		for _, name := range wanted.removed {
			one, _ := present.of(name)
			free = free && one.role == "member" && contains(t.signers, name)
		}
	})
	return free
}

func carryMembership(draft *Draft, t *Transaction, here Setting) list {
	present := membersIn(draft, here.members)
	if !(here.open && isFree(t, present)) {
		mustBeApproved(t.signers, here.members)
	}
	wanted := wantedIn(t.payload)
	result := wanted.applied(present)
	wanted.judge(t.suite)
	result.judge(t.suite) // DAT-075
	kept := contains(renewing, here.engine) || result.votesAs(present)
	refuseUnless(kept, "member.not_authorized", "the validators as they are", "others")
	if number, is := wanted.evidence.(int64); is {
		there := draft.get(fmt.Sprintf("instance/%010d", number)) != nil
		refuseUnless(there, "contract.unknown_name", "an instance", number)
	}
	alone := here.engine != "solo" || len(result.validators()) == 1
	refuseUnless(alone, "consensus.not_alone", "one validator", len(result.validators()))
	for _, name := range wanted.removed {
		_, known := present.of(name)
		refuseUnless(known, "query.not_found", "a member", name)
	}
	draft.write(membersKey, object{"members": result.value, "since": here.height + 1})
	changed := mapped(wanted.changes, func(one Member) string { return one.name })
	removed := append([]string{}, wanted.removed...)
	sort.Strings(changed)
	sort.Strings(removed)
	return list{object{
		"changed": valuesOf(changed), "evidence": wanted.evidence, "kind": "membership", "removed": valuesOf(removed),
	}}
}

func (w Wanted) judge(suite string) { // DAT-025, DAT-074
	for _, one := range w.changes {
		checkKey(suite, one.pub)
	}
	refuseUnless(distinctTexts(w.named), "member.duplicate", "each member once", "one twice")
}

func (w Wanted) applied(present Membership) Membership {
	entries := map[string]any{}
	for at, one := range present.members {
		if !contains(w.removed, one.name) {
			entries[one.name] = present.value[at]
		}
	}
	for name, value := range w.values {
		entries[name] = value
	}
	check(len(entries) <= membersLimit, "at most 128 members then", len(entries))
	result := Membership{value: list{}}
	for _, name := range sortedKeys(entries) {
		result.value = append(result.value, entries[name])
		result.members = append(result.members, memberIn(entries[name]))
	}
	return result
}

func (m Membership) of(name string) (Member, bool) {
	for _, one := range m.members {
		if one.name == name {
			return one, true
		}
	}
	return Member{}, false
}

// votesAs says whether the same validate with the same weights and keys.
func (m Membership) votesAs(other Membership) bool {
	mine, theirs := m.validators(), other.validators()
	same := len(mine) == len(theirs)
	for name, one := range mine {
		two, is := theirs[name]
		same = same && is && one.weight == two.weight && bytes.Equal(one.pub, two.pub)
	}
	return same
}

// takeMembers takes those in force from now on, and drops what waits of others (DAT-076, DAT-079).
func (c *Chain) takeMembers() {
	draft := newDraft(c.state)
	c.membership, c.since = membersIn(draft, c.genesis.membership), 1
	if stored, is := draft.read(membersKey).(object); is {
		c.since = stored["since"].(int64)
	}
	c.known = knownOf(c.genesis.channel, c.genesis.suite, c.membership)
	for id, one := range c.pool {
		if attempt(func() { c.known.judgeSigned(one) }) != nil {
			delete(c.pool, id)
		}
	}
}

// renew takes the keys and weights of the members in force (CON-091).
func (v *Voice) renew() {
	m := v.messages
	m.validators = v.chain.membership.validators()
	m.force = append([]inForce{{v.chain.since, m.validators}}, m.force...)
	if v.engine != nil {
		v.engine.renew(v.chain.membership)
	}
}

func (t *Tendermint) renew(membership Membership) {
	t.membership, t.names = membership, sortedKeys(membership.validators())
	_, t.total = membership.weighed(nil)
	waited := t.ahead
	t.ahead = nil
	for _, one := range waited { // read again, by the keys that are in force now
		attempt(func() { t.ahead = append(t.ahead, t.messages.read(one.bytes)) })
	}
}

// speaks says whether this member validates with the key that is here; else it follows and says nothing (CON-093).
func (m *Messages) speaks() bool {
	return bytes.Equal(m.validators[m.self].pub, publicOf(m.suite, m.secret))
}
