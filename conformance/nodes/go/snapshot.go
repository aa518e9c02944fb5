// A ledger of contracts as a vector carries it, whole, as a world for the interpreter (conformance/vectors/README.md).

package main

// Snapshot is such a world.
type Snapshot struct {
	now, next int64
	order     []*Instance
	stored    map[int64]*Instance
	nodes     map[string]*Node
	digest    string
	index     []found
	keys      []taken
}

type found struct {
	contract, field string
	value           any
	instances       []int64
}

func readSnapshot(value any) *Snapshot {
	ledger := askObject(value)
	s := &Snapshot{
		now: askNumber(ledger["now"]), stored: map[int64]*Instance{}, nodes: map[string]*Node{},
		digest: askText(ledger["directory_digest"]),
	}
	for _, one := range askList(ledger["instances"]) {
		instance := readInstance(one)
		s.order, s.stored[instance.id] = append(s.order, instance), instance
		s.next = max(s.next, instance.id+1)
	}
	for _, one := range askList(ledger["directory"]) {
		m := askObject(one)
		node := &Node{kind: askText(m["kind"]), attributes: map[string]any{}}
		if m["parent"] != nil {
			parent := askText(m["parent"])
			node.parent = &parent
		}
		for _, pair := range askList(m["attributes"]) {
			attribute := askObject(pair)
			node.attributes[askText(attribute["name"])] = attribute["value"]
		}
		s.nodes[askText(m["name"])] = node
	}
	for _, one := range askList(ledger["index"]) {
		m := askObject(one)
		s.index = append(s.index, found{
			askText(m["contract"]), askText(m["field"]), m["value"], mapped(askList(m["instances"]), askNumber),
		})
	}
	for _, one := range askList(ledger["keys"]) {
		m := askObject(one)
		s.keys = append(s.keys, taken{askText(m["contract"]), askList(m["key"]), askNumber(m["instance"])})
	}
	return s
}

// Now and the other methods make a snapshot a world.
func (s *Snapshot) Now() int64                  { return s.now }
func (s *Snapshot) Next() int64                 { return s.next }
func (s *Snapshot) Instance(id int64) *Instance { return s.stored[id] }
func (s *Snapshot) Node(name string) *Node      { return s.nodes[name] }
func (s *Snapshot) DirectoryDigest() string     { return s.digest }

func (s *Snapshot) Instances(contract string) []int64 {
	ids := []int64{}
	for _, one := range s.order {
		if one.contract == contract {
			ids = append(ids, one.id)
		}
	}
	return ids
}

func (s *Snapshot) Find(contract, field string, value any) []int64 {
	for _, one := range s.index {
		if one.contract == contract && one.field == field && equal(one.value, value) {
			return one.instances
		}
	}
	return nil
}

func (s *Snapshot) KeyHolder(contract string, key list) (int64, bool) {
	for _, one := range s.keys {
		if one.contract == contract && equal(one.key, key) {
			return one.instance, true
		}
	}
	return 0, false
}

func (s *Snapshot) TimersBefore(t int64) []Timer {
	due := []Timer{}
	for _, one := range s.order {
		for _, timer := range one.timers {
			if timer[0] < t {
				due = append(due, Timer{timer[0], one.id, timer[1]})
			}
		}
	}
	return sortTimers(due)
}

// consistent holds the ledger of a vector against its program: every instance in a state of a version that is there,
// with the values that it declares. A vector that is not so is no request that can be answered (NOD-005).
func (s *Snapshot) consistent(p *Program) *Snapshot {
	for _, one := range s.order {
		contract := p.versionOf(one)
		ask(contract != nil, "a version that is there")
		state := contract.states[one.state]
		ask(state != nil && len(one.values) == len(contract.fields), "a state and values of the version")
		for _, timer := range one.timers {
			ask(0 <= timer[1] && timer[1] < int64(len(state.clauses)) && state.clauses[timer[1]].kind != "may",
				"timers of clauses")
		}
	}
	return s
}
