// What time does to contracts (spec/contract.md, CTR-S1 to CTR-S6), and the steps in which everything happens. Changes
// are returned, never made.

package main

import "sort"

// Order is a command (CTR-S7); an instance of nil begins one.
type Order struct {
	contract, action string
	arguments        []Given
	instance         *int64
	signers          []string
}

// Given is an argument as it came.
type Given struct {
	name  string
	value any
}

// Step is what one step works with.
type Step struct {
	program *Program
	overlay *Overlay
	now     int64
	signers []string
}

func (s *Step) on(overlay *Overlay) *Step { return &Step{s.program, overlay, s.now, s.signers} }

func (s *Step) place(instance *Instance, parameters map[string]any) *Place {
	return &Place{
		program: s.program, world: s.overlay, now: s.now, signers: s.signers, instance: instance,
		parameters: parameters,
	}
}

func (s *Step) emit(kind string, instance *Instance, body object) {
	names := map[string]bool{}
	for at := range s.program.versionOf(instance).module.parties {
		if name, is := instance.values[at].(string); is {
			names[name] = true
		}
	}
	s.overlay.events = append(s.overlay.events, object{
		"kind": kind, "at": s.now, "contract": instance.contract, "version": instance.version, "instance": instance.id,
		"parties": valuesOf(sortedKeys(names)), "directory": s.overlay.DirectoryDigest(), "body": body,
	})
}

func stateValue(to *string) any {
	if to == nil {
		return nil
	}
	return *to
}

// advance lets time act up to t (CTR-S1).
func advance(p *Program, world World, t int64) *Changes {
	refuseUnless(t >= world.Now(), "block.time_backwards", "no earlier time", t)
	overlay := newOverlay(world)
	for due := overlay.TimersBefore(t); len(due) > 0; due = overlay.TimersBefore(t) {
		step := &Step{p, newOverlay(overlay), due[0].deadline, nil} // CTR-S2
		fireTimer(step, overlay.Instance(due[0].instance), due[0])
		overlay.merge(step.overlay)
	}
	return overlay.changes(t)
}

func fireTimer(step *Step, instance *Instance, due Timer) {
	clause := step.program.versionOf(instance).states[instance.state].clauses[due.clause]
	if clause.kind == "wait" {
		step.emit("elapsed", instance, object{"state": instance.state, "clause": due.clause,
			"to": stateValue(clause.to)})
		step.outcome(instance, result{clause.effects, clause.to, &due.clause}, nil)
		return
	}
	if couldPerform(step, instance, clause) { // CTR-S5
		debtors := list{}
		for _, actor := range clause.actors {
			debtors = append(debtors, fieldOf(step.program, instance, actor))
		}
		step.emit("violation", instance, object{
			"name": clause.breach.name, "debtors": debtors, "state": instance.state, "clause": due.clause,
			"entry":    instance.entered,
			"deadline": due.deadline,
		})
	} else {
		step.emit("impossible", instance, object{"name": clause.breach.name, "state": instance.state,
			"clause": due.clause})
	}
	step.outcome(instance, result{clause.breach.effects, clause.breach.to, &due.clause}, nil)
}

func couldPerform(step *Step, instance *Instance, duty *Clause) bool {
	for _, actor := range duty.actors {
		if fieldOf(step.program, instance, actor) == nil {
			return false
		}
	}
	free := []*Expr{}
	for _, one := range conjuncts(duty.when) {
		bound := false
		for _, param := range duty.params {
			bound = bound || one.mentions(PathStep{"param", param.name})
		}
		if !bound {
			free = append(free, one)
		}
	}
	could := false
	refused := attempt(func() { could = step.place(instance, nil).holdsAll(free) })
	return refused == nil && could
}

// timersOf is the clocks that run in a state (CTR-S4, CTR-S6).
func timersOf(contract *Contract, instance *Instance) [][2]int64 {
	running := [][2]int64{}
	for at, clause := range contract.states[instance.state].clauses {
		if clause.kind == "may" || hasID(instance.closed, int64(at)) {
			continue
		}
		if due, is := deadlineOf(contract, instance, clause.limit); is {
			running = append(running, [2]int64{due, int64(at)})
		}
	}
	sort.Slice(running, func(a, b int) bool {
		return running[a][0] < running[b][0] || (running[a][0] == running[b][0] && running[a][1] < running[b][1])
	})
	return running
}

func hasID(ids []int64, id int64) bool {
	for _, one := range ids {
		if one == id {
			return true
		}
	}
	return false
}

func deadlineOf(contract *Contract, instance *Instance, limit Limit) (int64, bool) {
	if limit.until == nil {
		return instance.entered + *limit.within, true
	}
	value, is := instance.values[contract.at[*limit.until]].(int64)
	return max(instance.entered, value), is
}

// ---- outcomes

type result struct {
	effects []*Effect
	to      *string
	closes  *int64 // the clause that is done; nil: none
}

func (s *Step) outcome(instance *Instance, done result, parameters map[string]any) { // CTR-S11
	place, contract := s.place(instance, parameters), s.program.versionOf(instance)
	later := []func(){}
	for _, effect := range done.effects {
		if effect.op != "set" {
			later = append(later, s.prepared(instance, effect, place))
		}
	}
	values, assigned := append([]any{}, instance.values...), map[string]bool{}
	for _, effect := range done.effects {
		if effect.op == "set" {
			assigned[effect.name] = true
			values[contract.at[effect.name]] = storable(contract.types[effect.name], place.evaluate(effect.value))
		}
	}
	changed := after(contract, instance, values, done, s.now)
	s.overlay.write(changed)
	for _, party := range contract.module.parties {
		if assigned[party.name] {
			s.fulfils(changed, party, checkEffects)
		}
	}
	for _, work := range later {
		work()
	}
}

func storable(t *Type, value any) any { // CTR-S13
	if number, is := value.(int64); is && t.ordered() {
		refuseUnless(t.low <= number && number <= t.high, "contract.out_of_range", t.text, number)
	}
	return value
}

func after(contract *Contract, instance *Instance, values []any, done result, now int64) *Instance { // CTR-S4, CTR-S6
	changed := *instance
	changed.values = values
	if done.to != nil {
		changed.state, changed.entered, changed.closed = *done.to, now, nil
	} else if done.closes != nil {
		changed.closed = ascendingIDs(append(append([]int64{}, instance.closed...), *done.closes))
	}
	changed.timers = timersOf(contract, &changed)
	return &changed
}

func (s *Step) prepared(instance *Instance, effect *Effect, place *Place) func() {
	if effect.op == "pay" {
		return s.payment(instance, effect, place)
	}
	given := evaluated(effect.args, place)
	if effect.op == "create" {
		return func() { s.begin(effect.contract, effect.action, given, instance.contract) }
	}
	target, _ := place.evaluate(effect.on).(int64)
	return func() { s.act(s.overlay.Instance(target), effect.action, given, instance.contract) }
}

func evaluated(args []Arg, place *Place) []Given { // what is absent is not given (CTR-S26)
	found := []Given{}
	for _, one := range args {
		if value := place.evaluate(one.value); value != nil {
			found = append(found, Given{one.name, value})
		}
	}
	return found
}

func (s *Step) payment(instance *Instance, effect *Effect, place *Place) func() { // CTR-S12
	amount, is := place.evaluate(effect.amount).(int64)
	refuseUnless(is && 0 <= amount && amount <= moneyLimit, "contract.out_of_range", "an amount", amount)
	payer, shares, rest := place.evaluate(effect.from), list{}, amount
	moves := []transfer{}
	for _, share := range effect.shares {
		part := int64(0)
		if share.bp != nil {
			part = percent(amount, *share.bp)
			rest -= part
		}
		moves = append(moves, transfer{payer, place.evaluate(share.to), part})
	}
	for at, share := range effect.shares {
		if share.bp == nil {
			moves[at].amount = rest
		}
		shares = append(shares, list{moves[at].payee, moves[at].amount})
	}
	return func() {
		s.overlay.transfers = append(s.overlay.transfers, moves...)
		s.emit("paid", instance, object{"payer": payer, "amount": amount, "shares": shares})
	}
}
