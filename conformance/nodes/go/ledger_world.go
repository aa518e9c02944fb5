// Contracts over the state map: the world of the interpreter read from its entries, and changes written to them
// (spec/contract.md, CTR-D04 to CTR-D06).

package main

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

func instanceKey(id int64) string { return fmt.Sprintf("instance/%010d", id) }
func timerKey(deadline, id, clause int64) string {
	return fmt.Sprintf("timer/%012d/%010d/%03d", deadline, id, clause)
}
func ofKey(contract string, id int64) string { return fmt.Sprintf("of/%s/%010d", contract, id) }
func indexPrefix(contract, field string, value any) string { // CTR-D06
	return "index/" + digestHex("yilian/index/v1", list{contract, field, value}) + "/"
}
func takenKey(contract string, key list) string { // CTR-D06
	return "key/" + digestHex("yilian/key/v1", list{contract, key})
}
func nodeKey(name string) string { return "node/" + name }
func moduleKey(module *Module) string {
	return fmt.Sprintf("module/%s/%06d", module.name, module.version)
}

func retiredKey(name string) string { return "retired/" + name } // CTR-D11

func directoryDigest(draft *Draft) string { // CTR-D06
	rows := list{}
	for _, key := range draft.keys("node/") {
		name, _ := strings.CutPrefix(key, "node/")
		rows = append(rows, append(list{name}, draft.read(key).(list)...))
	}
	return digestHex("yilian/directory/v1", rows)
}

// programIn is the program of the modules that stand in a state.
func programIn(draft *Draft) *Program {
	if draft.program == nil {
		modules := []*Module{}
		for _, key := range draft.keys("module/") {
			modules = append(modules, moduleOf(draft.read(key)))
		}
		retired := []string{} // CTR-D11
		for _, key := range draft.keys("retired/") {
			retired = append(retired, strings.TrimPrefix(key, "retired/"))
		}
		draft.program = link(modules, retired)
	}
	return draft.program
}

// LedgerWorld is a state as a world of contracts.
type LedgerWorld struct{ draft *Draft }

// Now and the other methods make a state a world.
func (w LedgerWorld) Now() int64  { return w.draft.number("clock") }
func (w LedgerWorld) Next() int64 { return w.draft.number("next") }
func (w LedgerWorld) DirectoryDigest() string {
	text, _ := w.draft.read("directory").(string)
	return text
}

func (w LedgerWorld) Instance(id int64) *Instance {
	value := w.draft.read(instanceKey(id))
	if value == nil {
		return nil
	}
	return readInstance(value)
}

func lastNumbers(keys []string) []int64 { // the ids behind the last slash
	ids := []int64{}
	for _, key := range keys {
		id, _ := strconv.ParseInt(key[strings.LastIndexByte(key, '/')+1:], 10, 64)
		ids = append(ids, id)
	}
	return ids
}

func (w LedgerWorld) Instances(contract string) []int64 {
	return lastNumbers(w.draft.keys("of/" + contract + "/"))
}

func (w LedgerWorld) Find(contract, field string, value any) []int64 {
	return lastNumbers(w.draft.keys(indexPrefix(contract, field, value)))
}

func (w LedgerWorld) KeyHolder(contract string, key list) (int64, bool) {
	id, is := w.draft.read(takenKey(contract, key)).(int64)
	return id, is
}

func timerIn(key string) Timer {
	numbers := [3]int64{}
	for at, part := range strings.Split(strings.TrimPrefix(key, "timer/"), "/") {
		if at < len(numbers) {
			numbers[at], _ = strconv.ParseInt(part, 10, 64)
		}
	}
	return Timer{numbers[0], numbers[1], numbers[2]}
}

func (w LedgerWorld) TimersBefore(t int64) []Timer {
	due := []Timer{}
	for _, key := range w.draft.keys("timer/") { // ascending by deadline, instance, clause
		timer := timerIn(key)
		if timer.deadline >= t {
			break
		}
		due = append(due, timer)
	}
	return due
}

func (w LedgerWorld) Node(name string) *Node {
	stored, is := w.draft.read(nodeKey(name)).(list)
	if !is {
		return nil
	}
	node := &Node{kind: stored[0].(string), attributes: map[string]any{}}
	if parent, is := stored[1].(string); is {
		node.parent = &parent
	}
	for _, one := range stored[2].(list) {
		pair := one.(list)
		node.attributes[pair[0].(string)] = pair[1]
	}
	return node
}

// apply writes what a step changed (CTR-D05).
func (w LedgerWorld) apply(changes *Changes) {
	draft := w.draft
	if w.Now() != changes.now {
		draft.write("clock", changes.now)
	}
	for _, instance := range changes.instances {
		old := w.Instance(instance.id)
		if old != nil {
			for _, timer := range old.timers {
				draft.put(timerKey(timer[0], old.id, timer[1]), nil)
			}
		}
		for _, timer := range instance.timers {
			draft.write(timerKey(timer[0], instance.id, timer[1]), int64(1))
		}
		draft.write(instanceKey(instance.id), instance.value())
		if old == nil {
			draft.write(ofKey(instance.contract, instance.id), int64(1))
			draft.write("next", instance.id+1)
		}
	}
	for _, one := range changes.keys {
		draft.write(takenKey(one.contract, one.key), one.instance)
	}
	for _, one := range changes.index {
		draft.write(indexPrefix(one.contract, one.field, one.value)+fmt.Sprintf("%010d", one.instance), int64(1))
	}
	for _, one := range changes.transfers {
		w.move(one.payer, -one.amount)
		w.move(one.payee, one.amount)
	}
}

func (w LedgerWorld) move(member any, amount int64) {
	name, _ := member.(string)
	draft, key := w.draft, "position/"+name
	sum := big.NewInt(0)
	if held, known := draft.read(key).(string); known {
		sum.SetString(held, 10)
	}
	draft.write(key, sum.Add(sum, big.NewInt(amount)).String())
}
