// The state map and its proofs (spec/data.md, part 5). Entries are in ascending order of their keys (DAT-045).

package main

import (
	"bytes"
	"sort"
	"strings"
)

const ( // of spec/limits.toml
	proofSteps      = 2040
	stateKeyBytes   = 255
	stateValueBytes = 2097152
)

type entry struct{ key, value []byte }

func bitOf(key []byte, p int) byte { // behind its last byte a key continues with zeros
	if p>>3 >= len(key) {
		return 0
	}
	return key[p>>3] >> (7 - p&7) & 1
}

func stateLeaf(key, valueHash []byte) []byte { // DAT-042
	return sha([]byte{2, byte(len(key))}, key, valueHash)
}

func stateBranch(p int, left, right []byte) []byte { // DAT-043
	return sha([]byte{3, byte(p >> 8), byte(p)}, left, right)
}

func firstDifference(a, b []byte) int { // of different keys without zero bytes
	p := 0
	for p>>3 < len(a) && p>>3 < len(b) && a[p>>3] == b[p>>3] {
		p += 8
	}
	for bitOf(a, p) == bitOf(b, p) {
		p++
	}
	return p
}

func standsInState(key string, value []byte) bool { // DAT-040
	return 1 <= len(key) && len(key) <= stateKeyBytes && !strings.Contains(key, "\x00") && len(value) <= stateValueBytes
}

// stateEntries orders the entries of a map, and refuses what cannot stand in it (DAT-040).
func stateEntries(values map[string][]byte) []entry {
	entries := make([]entry, 0, len(values))
	for _, key := range sortedKeys(values) {
		value := values[key]
		refuseUnless(standsInState(key, value), "contract.limit_exceeded", "a key and value within the limits",
			len(key))
		entries = append(entries, entry{[]byte(key), value})
	}
	return entries
}

func stateRoot(entries []entry) []byte { // DAT-041, DAT-044
	switch len(entries) {
	case 0:
		return digest("yilian/state/v1", nil)
	case 1:
		return stateLeaf(entries[0].key, sha(entries[0].value))
	}
	p, low := parted(entries)
	return stateBranch(p, stateRoot(entries[:low]), stateRoot(entries[low:]))
}

// parted is the first bit in which keys differ, and the place of the first whose bit is 1.
func parted(entries []entry) (p, low int) {
	p = firstDifference(entries[0].key, entries[len(entries)-1].key)
	return p, sort.Search(len(entries), func(at int) bool { return bitOf(entries[at].key, p) == 1 })
}

// proveState is the proof of presence or absence of a key (DAT-046).
func proveState(entries []entry, key []byte) object {
	steps := list{}
	if len(entries) == 0 {
		return object{"steps": steps}
	}
	for len(entries) > 1 {
		p, low := parted(entries)
		mine, other := entries[:low], entries[low:]
		if bitOf(key, p) == 1 {
			mine, other = other, mine
		}
		steps = append(steps, list{int64(p), toHex(stateRoot(other))})
		entries = mine
	}
	leaf := object{"key": toHex(entries[0].key), "value_hash": toHex(sha(entries[0].value))}
	return object{"leaf": leaf, "steps": steps}
}

func readProof(proof any) (leaf object, steps list) { // DAT-046
	isStep := func(value any) bool {
		step, is := value.(list)
		if !is || len(step) != 2 || !isCount(step[0]) || !isHash(step[1]) {
			return false
		}
		return step[0].(int64) < proofSteps
	}
	isSteps := func(value any) bool {
		items, is := value.(list)
		if !is || len(items) > proofSteps {
			return false
		}
		for _, one := range items {
			if !isStep(one) {
				return false
			}
		}
		return true
	}
	fields := map[string]fits{"steps": isSteps}
	if members, is := proof.(object); is {
		if _, has := members["leaf"]; has {
			fields["leaf"] = isObject
		}
	}
	members := shaped(proof, fields)
	if given, has := members["leaf"]; has {
		isKey := func(value any) bool { return isBytes(value) && len(value.(string)) <= 2*stateKeyBytes }
		leaf = shaped(given, map[string]fits{"key": isKey, "value_hash": isHash})
	}
	return leaf, members["steps"].(list)
}

// verifyState holds a proof against a root; a value of nil asks for absence (DAT-047, DAT-048).
func verifyState(key, value []byte, proof any, expected []byte) {
	leaf, steps := readProof(proof)
	if leaf == nil {
		proves(value == nil && len(steps) == 0 && bytes.Equal(expected, stateRoot(nil)))
		return
	}
	leafKey, valueHash := fromHex(leaf["key"].(string)), fromHex(leaf["value_hash"].(string))
	if value == nil {
		proves(!bytes.Equal(leafKey, key))
	} else {
		proves(bytes.Equal(leafKey, key) && bytes.Equal(valueHash, sha(value)))
	}
	hash := stateLeaf(leafKey, valueHash)
	for at := len(steps) - 1; at >= 0; at-- {
		step := steps[at].(list)
		p, other := int(step[0].(int64)), fromHex(step[1].(string))
		if bitOf(key, p) == 1 {
			hash = stateBranch(p, other, hash)
		} else {
			hash = stateBranch(p, hash, other)
		}
	}
	proves(bytes.Equal(hash, expected))
}
