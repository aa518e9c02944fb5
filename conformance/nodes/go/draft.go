// A state, and a state under change: the map of the block before, and what this block has written so far. Keys are byte
// strings, ascending (DAT-045).

package main

import (
	"sort"
	"strings"
)

// StateMap is the state map after a block. It is never changed.
type StateMap struct {
	values  map[string][]byte
	keys    []string // ascending
	root    string
	program *Program
}

func newState(values map[string][]byte, program *Program) *StateMap {
	state := &StateMap{values: values, keys: sortedKeys(values), program: program}
	state.root = toHex(stateRoot(stateEntries(values)))
	return state
}

// Draft is a state under change; a value of nil is one that was removed.
type Draft struct {
	base    *StateMap
	writes  map[string][]byte
	undo    []undone
	program *Program // of the modules that stand in it; nil until somebody asks
}

type undone struct {
	key     string
	had     bool
	value   []byte
	program *Program
}

func newDraft(base *StateMap) *Draft {
	return &Draft{base: base, writes: map[string][]byte{}, program: base.program}
}

func (d *Draft) get(key string) []byte {
	if value, has := d.writes[key]; has {
		return value
	}
	return d.base.values[key]
}

// put refuses what cannot stand in a state, so that the transaction that would write it is refused and not its block
// (DAT-040).
func (d *Draft) put(key string, value []byte) {
	refuseUnless(standsInState(key, value), "contract.limit_exceeded", "a key and value within the limits", len(value))
	before, had := d.writes[key]
	d.undo = append(d.undo, undone{key, had, before, d.program})
	d.writes[key] = value
	if strings.HasPrefix(key, "module/") || strings.HasPrefix(key, "retired/") {
		d.program = nil
	}
}

// read gives a value that stands in the state, which wrote it itself; nil where there is none.
func (d *Draft) read(key string) any {
	data := d.get(key)
	if data == nil {
		return nil
	}
	value, fault := readJSON(data, depthLimit)
	refuseUnless(fault == nil, "store.corrupt", "canonical bytes", key)
	return value
}

func (d *Draft) number(key string) int64 { // 0 while absent
	number, _ := d.read(key).(int64)
	return number
}

func (d *Draft) write(key string, value any) { d.put(key, encode(value)) }

func (d *Draft) keys(prefix string) []string { // ascending
	found := []string{}
	for at := sort.SearchStrings(d.base.keys, prefix); at < len(d.base.keys); at++ {
		key := d.base.keys[at]
		if !strings.HasPrefix(key, prefix) {
			break
		}
		if _, written := d.writes[key]; !written {
			found = append(found, key)
		}
	}
	for key, value := range d.writes {
		if value != nil && strings.HasPrefix(key, prefix) {
			found = append(found, key)
		}
	}
	sort.Strings(found)
	return found
}

func (d *Draft) mark() { d.undo = nil }

func (d *Draft) back() { // to the mark
	for at := len(d.undo) - 1; at >= 0; at-- {
		one := d.undo[at]
		if one.had {
			d.writes[one.key] = one.value
		} else {
			delete(d.writes, one.key)
		}
		d.program = one.program
	}
	d.undo = nil
}

func (d *Draft) committed() *StateMap {
	values := make(map[string][]byte, len(d.base.values)+len(d.writes))
	for key, value := range d.base.values {
		values[key] = value
	}
	for key, value := range d.writes {
		if value == nil {
			delete(values, key)
		} else {
			values[key] = value
		}
	}
	return newState(values, programIn(d))
}
