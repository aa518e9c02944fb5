// What a command does: the checks in their order, and the clause that acts (spec/contract.md, CTR-S7 to CTR-S10,
// CTR-S14).

package main

const ( // the order of the checks (CTR-S7); a refusal remembers how far its clause came
	checkKnown = iota
	checkOpen
	checkTyped
	checkSigned
	checkWhere
	checkDuty
	checkWhen
	checkTaken
	checkEffects
)

func refuseAt(check int, code, expected string, got any) {
	panic(&Refused{code: code, expected: expected, got: got, check: check})
}

// decidedAt does work in which a limit that is met counts as the check in which it was met.
func decidedAt(check int, work func()) {
	if refused := attempt(work); refused != nil {
		refused.check = check
		panic(refused)
	}
}

// noCaller: a clause is reached by a command and not from a contract or policy; no module has this name.
const noCaller = ""

func command(p *Program, world World, order Order) *Changes {
	refuseUnless(len(order.signers) <= contractSigners, "contract.limit_exceeded", "fewer signers", len(order.signers))
	step := &Step{p, newOverlay(world), world.Now(), order.signers}
	if order.instance == nil {
		step.begin(order.contract, order.action, order.arguments, noCaller)
	} else {
		instance := world.Instance(*order.instance)
		if instance == nil || instance.contract != order.contract {
			refuseAt(checkKnown, "contract.unknown_name", "an instance", *order.instance)
		}
		step.act(instance, order.action, order.arguments, noCaller)
	}
	return step.overlay.changes(step.now)
}

func (s *Step) begin(name, action string, given []Given, caller string) {
	contract := s.program.contracts[name]
	if contract == nil {
		refuseAt(checkKnown, "contract.unknown_name", "a contract", name)
	}
	if s.program.retired[name] {
		refuseAt(checkKnown, "contract.retired", "a contract that takes new instances", name)
	}
	usable := reserved(contract.module.start, action, caller)
	s.firstUnrefused(usable, func(inner *Step, at int) { inner.started(contract, contract.module.start[at], given) })
}

func (s *Step) act(instance *Instance, action string, given []Given, caller string) {
	if instance == nil {
		refuseAt(checkKnown, "contract.unknown_name", "an instance", "none")
	}
	clauses := s.program.versionOf(instance).states[instance.state].clauses
	usable := reserved(clauses, action, caller)
	s.firstUnrefused(usable, func(inner *Step, at int) { inner.performed(instance, clauses[at], at, given) })
}

func reserved(clauses []*Clause, action, caller string) []int { // CTR-S10
	named, usable := false, []int{}
	for at, clause := range clauses {
		if clause.kind == "wait" || clause.action != action {
			continue
		}
		named = true
		if (clause.caller == nil && caller == noCaller) || (clause.caller != nil && *clause.caller == caller) {
			usable = append(usable, at)
		}
	}
	if !named {
		refuseAt(checkOpen, "contract.no_such_clause", "an action of this state", action)
	}
	if len(usable) == 0 {
		refuseAt(checkOpen, "contract.not_callable", "another caller", caller)
	}
	return usable
}

func (s *Step) firstUnrefused(clauses []int, try func(inner *Step, at int)) { // CTR-S7
	var latest *Refused
	for _, at := range clauses {
		inner := s.on(newOverlay(s.overlay))
		refused := attempt(func() { try(inner, at) })
		if refused == nil {
			s.overlay.merge(inner.overlay)
			return
		}
		if latest == nil || refused.check > latest.check {
			latest = refused
		}
	}
	panic(latest)
}

func (s *Step) started(contract *Contract, clause *Clause, args []Given) {
	module := contract.module
	given := s.typed(args, expectedAt(contract, clause), contract.initial)
	values := make([]any, len(contract.fields))
	for at, name := range contract.fields { // CTR-S8
		value, has := given[name]
		if !has {
			value = contract.initial[name]
		}
		values[at] = value
	}
	draft := &Instance{id: s.overlay.Next(), contract: module.name, version: module.version, entered: s.now,
		values: values}
	s.signed(draft, clause)
	for _, party := range module.parties {
		s.fulfils(draft, party, checkWhere)
	}
	s.whenHolds(draft, clause, given)
	if len(module.key) > 0 { // CTR-S14
		key := list{}
		for _, name := range module.key {
			key = append(key, values[contract.at[name]])
		}
		if holder, is := s.overlay.KeyHolder(module.name, key); is {
			refuseAt(checkTaken, "contract.duplicate_key", "a key of its own", holder)
		}
		s.overlay.keys = append(s.overlay.keys, taken{module.name, key, draft.id})
	}
	for at, field := range contract.fields { // CTR-S27
		_, set := values[at].(list)
		if contains(s.program.fixed[module.name], field) && values[at] != nil && !set {
			s.overlay.index = append(s.overlay.index, indexed{module.name, field, values[at], draft.id})
		}
	}
	s.emit("started", draft, object{
		"action": clause.action, "by": valuesOf(s.signers), "arguments": pairsOf(given), "to": stateValue(clause.to),
	})
	decidedAt(checkEffects, func() { s.outcome(draft, result{clause.effects, clause.to, nil}, given) })
}

func (s *Step) performed(instance *Instance, clause *Clause, at int, args []Given) {
	given := s.typed(args, paramTypes(clause), nil)
	s.signed(instance, clause)
	done, place := result{clause.effects, clause.to, nil}, int64(at)
	if clause.kind == "must" { // CTR-S6
		due, is := deadlineOf(s.program.versionOf(instance), instance, clause.limit)
		if hasID(instance.closed, place) || (is && due < s.now) {
			refuseAt(checkDuty, "contract.duty_closed", "an open duty", due)
		}
		done.closes = &place
	}
	s.whenHolds(instance, clause, given)
	s.emit("acted", instance, object{
		"action": clause.action, "by": valuesOf(s.signers), "arguments": pairsOf(given), "state": instance.state,
		"clause": place,
		"to":     stateValue(clause.to),
	})
	decidedAt(checkEffects, func() { s.outcome(instance, done, given) })
}

func pairsOf(given map[string]any) list {
	pairs := list{}
	for _, name := range sortedKeys(given) {
		pairs = append(pairs, list{name, given[name]})
	}
	return pairs
}

// typed takes the arguments that are known, given once, and of their types (CTR-S7, CTR-S8).
func (s *Step) typed(args []Given, expected map[string]*Type, initial map[string]any) map[string]any {
	given := map[string]any{}
	for _, one := range args {
		t := expected[one.name]
		_, twice := given[one.name]
		if t == nil || twice || !conforms(one.value, t, s.program, s.overlay) {
			refuseAt(checkTyped, "contract.bad_arguments", "an argument of its type", one.name)
		}
		given[one.name] = one.value
	}
	for name, t := range expected {
		_, has := given[name]
		_, started := initial[name]
		if !has && !t.optional && !started {
			refuseAt(checkTyped, "contract.bad_arguments", t.text, name)
		}
	}
	return given
}

func (s *Step) signed(instance *Instance, clause *Clause) { // CTR-S9
	for _, actor := range clause.actors {
		name, is := fieldOf(s.program, instance, actor).(string)
		if !is || !contains(s.signers, name) {
			refuseAt(checkSigned, "contract.not_authorized", "the signature of each actor", actor)
		}
	}
}

func (s *Step) fulfils(instance *Instance, party Named, check int) { // CTR-S11, CTR-S15, CTR-S26
	if party.where == nil || fieldOf(s.program, instance, party.name) == nil {
		return
	}
	met := false
	decidedAt(check, func() { met = s.place(instance, nil).holdsAll(conjuncts(party.where)) })
	if !met {
		refuseAt(check, "contract.where_false", "the `where` of a party", party.name)
	}
}

func (s *Step) whenHolds(instance *Instance, clause *Clause, parameters map[string]any) {
	met := false
	decidedAt(checkWhen, func() { met = s.place(instance, parameters).holdsAll(conjuncts(clause.when)) })
	if !met {
		refuseAt(checkWhen, "contract.condition_false", "the `when` of the action", clause.action)
	}
}
