// Members and the genesis (spec/data.md, part 6 and the beginning of part 8): read, then judged.

package main

import "sort"

const membersLimit = 128 // membership.members of spec/limits.toml

// Member is one entry of a membership (DAT-050).
type Member struct {
	name, role string
	pub        []byte
	weight     int64
}

// Membership is the members in force, in order of name.
type Membership struct {
	value   list // as it is hashed
	members []Member
}

func memberIn(value any) Member { // DAT-050
	isRole := func(one any) bool { return one == "validator" || one == "member" || one == "auditor" }
	fields := shaped(value, map[string]fits{"member": isMember, "pub": isHash, "role": isRole, "weight": isCount})
	return Member{
		fields["member"].(string), fields["role"].(string), fromHex(fields["pub"].(string)), fields["weight"].(int64),
	}
}

func readMembers(value any) Membership { // DAT-050
	given, is := value.(list)
	check(is && len(given) >= 1 && len(given) <= membersLimit, "1 to 128 members", "another list")
	read := Membership{value: given}
	for _, one := range given {
		read.members = append(read.members, memberIn(one))
	}
	sorted := sort.SliceIsSorted(read.members,
		func(a, b int) bool { return read.members[a].name < read.members[b].name })
	check(sorted, "members in order", "another order")
	return read
}

func (m Membership) judge(suite string) { // DAT-025, DAT-051 to DAT-053, in the order of errors.toml
	names, keys, validator := []string{}, []string{}, false
	for _, one := range m.members {
		checkKey(suite, one.pub)
		names, keys = append(names, one.name), append(keys, string(one.pub))
		validator = validator || one.role == "validator"
	}
	refuseUnless(distinctTexts(names), "member.duplicate", "each member once", "one twice")
	refuseUnless(distinctTexts(keys), "member.duplicate_key", "each key once", "one twice")
	for _, one := range m.members {
		refuseUnless((one.role == "validator") == (one.weight > 0), "member.bad_weight", "weight by role", one.weight)
	}
	refuseUnless(validator, "member.no_validator", "a validator", "none")
}

func (m Membership) digest() string { return digestHex("yilian/membership/v1", m.value) } // DAT-054

func (m Membership) validators() map[string]Member {
	found := map[string]Member{}
	for _, one := range m.members {
		if one.role == "validator" {
			found[one.name] = one
		}
	}
	return found
}

// weighed is the weight of the members named, and that of all. At most 128 weights below 2^53: three times their sum is
// below 2^62, so that quorums are computed exactly (DAT-105, CON-002).
func (m Membership) weighed(names []string) (signed, total int64) {
	for _, one := range m.members {
		total += one.weight
		if contains(names, one.name) {
			signed += one.weight
		}
	}
	return signed, total
}

func isQuorum(weight, total int64) bool { return 3*weight > 2*total }

// Genesis is what a channel begins with (DAT-080).
type Genesis struct {
	bytes          []byte
	channel, suite string
	engine         string
	open           bool // persons come and go (DAT-077)
	directory      list
	membership     Membership
	time           int64
}

func checkGenesis(data []byte, suites []string) *Genesis { // DAT-080, DAT-081, DAT-024
	fields := shaped(decode(data, blockBytes, depthLimit), map[string]fits{
		"channel": isName, "directory": isList, "engine": isName, "members": isList, "parameters": isObject,
		"suite": isSuite,
		"time":  isCount,
	})
	genesis := &Genesis{
		bytes: data, channel: fields["channel"].(string), suite: fields["suite"].(string),
		engine: fields["engine"].(string), open: fields["parameters"].(object)["open"] == true,
		directory:  fields["directory"].(list),
		membership: readMembers(fields["members"]), time: fields["time"].(int64),
	}
	offered := contains(suites, genesis.suite) && contains(suitesOffered, genesis.suite)
	refuseUnless(offered, "block.bad_genesis", "a permitted suite", genesis.suite)
	genesis.membership.judge(genesis.suite)
	return genesis
}

func (g *Genesis) id() string { return toHex(digest("yilian/genesis/v1", g.bytes)) }
