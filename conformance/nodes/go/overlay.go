// Worlds of contracts, and a world with changes on top: what a step has done so far, seen by the rest of the step;
// dropped, it never happened (spec/contract.md, part 6).

package main

import "sort"

// Instance is one run of a contract. It is never changed: what follows is a copy.
type Instance struct {
	id, version, entered int64
	contract, state      string
	values               []any
	closed               []int64
	timers               [][2]int64 // deadline and clause, ascending
}

func (i *Instance) value() object {
	closed, timers := list{}, list{}
	for _, one := range i.closed {
		closed = append(closed, one)
	}
	for _, one := range i.timers {
		timers = append(timers, list{one[0], one[1]})
	}
	return object{
		"id": i.id, "contract": i.contract, "version": i.version, "state": i.state, "entered": i.entered,
		"values": list(i.values),
		"closed": closed, "timers": timers,
	}
}

func readInstance(value any) *Instance {
	m := askObject(value)
	read := &Instance{
		id: askNumber(m["id"]), version: askNumber(m["version"]), entered: askNumber(m["entered"]),
		contract: askText(m["contract"]),
		state:    askText(m["state"]), values: askList(m["values"]),
	}
	for _, one := range askList(m["closed"]) {
		read.closed = append(read.closed, askNumber(one))
	}
	for _, one := range askList(m["timers"]) {
		pair := askList(one)
		ask(len(pair) == 2, "a timer")
		read.timers = append(read.timers, [2]int64{askNumber(pair[0]), askNumber(pair[1])})
	}
	return read
}

// Node is an entry of the directory.
type Node struct {
	kind       string
	parent     *string
	attributes map[string]any
}

// Timer is a running clock of an instance.
type Timer struct{ deadline, instance, clause int64 }

func sortTimers(timers []Timer) []Timer { // CTR-S1
	sort.Slice(timers, func(a, b int) bool {
		x, y := timers[a], timers[b]
		if x.deadline != y.deadline {
			return x.deadline < y.deadline
		}
		if x.instance != y.instance {
			return x.instance < y.instance
		}
		return x.clause < y.clause
	})
	return timers
}

// World is what contracts are read from.
type World interface {
	Now() int64
	Next() int64 // the id of the next instance
	Instance(id int64) *Instance
	Instances(contract string) []int64
	Find(contract, field string, value any) []int64
	KeyHolder(contract string, key list) (int64, bool)
	TimersBefore(t int64) []Timer
	Node(name string) *Node
	DirectoryDigest() string
}

type (
	taken struct { // a key, for ever
		contract string
		key      list
		instance int64
	}
	indexed struct { // what `some` finds
		contract, field string
		value           any
		instance        int64
	}
	transfer struct {
		payer, payee any
		amount       int64
	}
)

// Changes is what a step changes (part 6).
type Changes struct {
	now       int64
	instances []*Instance
	keys      []taken
	index     []indexed
	transfers []transfer
	events    list
}

func (c *Changes) value() object {
	instances, keys, index, transfers := list{}, list{}, list{}, list{}
	for _, one := range c.instances {
		instances = append(instances, one.value())
	}
	for _, one := range c.keys {
		keys = append(keys, object{"contract": one.contract, "key": one.key, "instance": one.instance})
	}
	for _, one := range c.index {
		index = append(index, object{"contract": one.contract, "field": one.field, "value": one.value,
			"instance": one.instance})
	}
	for _, one := range c.transfers {
		transfers = append(transfers, object{"payer": one.payer, "payee": one.payee, "amount": one.amount})
	}
	events := append(list{}, c.events...)
	return object{"now": c.now, "instances": instances, "keys": keys, "indexed": index, "transfers": transfers,
		"events": events}
}

// Overlay is a world with changes on top.
type Overlay struct {
	base    World
	written map[int64]*Instance
	next    int64
	Changes
}

func newOverlay(base World) *Overlay {
	return &Overlay{base: base, written: map[int64]*Instance{}, next: base.Next()}
}

func (o *Overlay) write(instance *Instance) {
	o.written[instance.id] = instance
	o.next = max(o.next, instance.id+1)
}

func (o *Overlay) merge(fork *Overlay) {
	for _, instance := range fork.written {
		o.write(instance)
	}
	o.keys, o.index = append(o.keys, fork.keys...), append(o.index, fork.index...)
	o.transfers, o.events = append(o.transfers, fork.transfers...), append(o.events, fork.events...)
}

func (o *Overlay) changes(now int64) *Changes {
	changes := o.Changes
	changes.now, changes.instances = now, nil
	for _, id := range ascendingIDs(o.ids("")) {
		changes.instances = append(changes.instances, o.written[id])
	}
	return &changes
}

func (o *Overlay) ids(contract string) []int64 { // written ones; of every contract if none is named
	found := []int64{}
	for id, one := range o.written {
		if contract == "" || one.contract == contract {
			found = append(found, id)
		}
	}
	return found
}

func ascendingIDs(ids []int64) []int64 { // each once
	sort.Slice(ids, func(a, b int) bool { return ids[a] < ids[b] })
	found := []int64{}
	for at, id := range ids {
		if at == 0 || ids[at-1] != id {
			found = append(found, id)
		}
	}
	return found
}

// Now and the other methods make an overlay a world.
func (o *Overlay) Now() int64              { return o.base.Now() }
func (o *Overlay) Next() int64             { return o.next }
func (o *Overlay) Node(name string) *Node  { return o.base.Node(name) }
func (o *Overlay) DirectoryDigest() string { return o.base.DirectoryDigest() }

func (o *Overlay) Instance(id int64) *Instance {
	if found := o.written[id]; found != nil {
		return found
	}
	return o.base.Instance(id)
}

func (o *Overlay) Instances(contract string) []int64 {
	return ascendingIDs(append(append([]int64{}, o.base.Instances(contract)...), o.ids(contract)...))
}

func (o *Overlay) Find(contract, field string, value any) []int64 {
	found := append([]int64{}, o.base.Find(contract, field, value)...)
	for _, one := range o.index {
		if one.contract == contract && one.field == field && equal(one.value, value) {
			found = append(found, one.instance)
		}
	}
	return ascendingIDs(found)
}

func (o *Overlay) KeyHolder(contract string, key list) (int64, bool) {
	for _, one := range o.keys {
		if one.contract == contract && equal(one.key, key) {
			return one.instance, true
		}
	}
	return o.base.KeyHolder(contract, key)
}

func (o *Overlay) TimersBefore(t int64) []Timer {
	found := []Timer{}
	for _, one := range o.base.TimersBefore(t) {
		if o.written[one.instance] == nil {
			found = append(found, one)
		}
	}
	for id, one := range o.written {
		for _, timer := range one.timers {
			if timer[0] < t {
				found = append(found, Timer{timer[0], id, timer[1]})
			}
		}
	}
	return sortTimers(found)
}
