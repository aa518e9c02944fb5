// The rules of contracts beyond types: states, time, payments and calls (CTR-T6 to CTR-T11).

package main

const wholeShare = 10000 // basis points

// callGraph: calls and creations form no circle and no deep chain (CTR-T9).
func callGraph(p *Program) {
	uses := map[string][]string{}
	for name, contract := range p.contracts {
		uses[name] = callees(contract)
	}
	var depth func(name string, above []string) int
	depth = func(name string, above []string) int {
		need(!contains(above, name), "calls without circle", name)
		need(len(above) < callDepth, "a chain of calls within the limit", name)
		deepest := 0
		for _, callee := range uses[name] {
			deepest = max(deepest, depth(callee, append(above[:len(above):len(above)], name)))
		}
		return 1 + deepest
	}
	for _, name := range sortedKeys(uses) {
		depth(name, nil)
	}
}

func callees(contract *Contract) []string {
	found := map[string]bool{}
	for _, clause := range contract.clauses {
		for _, outcome := range clause.outcomes() {
			for _, effect := range outcome.effects {
				switch effect.op {
				case "create":
					found[effect.contract] = true
				case "call":
					found[typeOr(effect.on.typeText).name] = true
				}
			}
		}
	}
	return sortedKeys(found)
}

func contractRules(p *Program, contract *Contract) {
	module := contract.module
	reached := reach(contract, mapped(module.start, func(one *Clause) string { return *one.to }), false)
	for _, state := range module.states {
		need(reached[state.name], "a state that something leads to", state.name) // CTR-T6
		ahead := []string{}
		for _, clause := range state.clauses {
			ahead = append(ahead, clause.next(true)...)
		}
		need(!reach(contract, ahead, true)[state.name], "no circle by time alone", state.name) // CTR-T7
	}
	signed := signedOnEntry(module)
	for _, one := range located(module) {
		for _, outcome := range one.clause.outcomes() {
			known := sortedKeys(signed[one.home])
			if !outcome.byTime {
				known = append(known, one.clause.signers()...)
			}
			for _, effect := range outcome.effects {
				refused := outcome.byTime && refusable(p, contract, module.name, effect)
				need(!refused, "an effect that cannot be refused", effect.op) // CTR-T8
				if effect.op == "pay" {
					payable(effect, known)
				}
			}
		}
	}
}

func (c *Clause) next(byTime bool) []string { // the states that it may lead to
	found := []string{}
	for _, one := range c.outcomes() {
		if one.to != nil && (one.byTime || !byTime) {
			found = append(found, *one.to)
		}
	}
	return found
}

func reach(contract *Contract, names []string, byTime bool) map[string]bool {
	seen, waiting := map[string]bool{}, names
	for len(waiting) > 0 {
		name := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		if seen[name] {
			continue
		}
		seen[name] = true
		for _, clause := range contract.states[name].clauses {
			waiting = append(waiting, clause.next(byTime)...)
		}
	}
	return seen
}

func payable(pay *Effect, known []string) { // CTR-T10, CTR-T11
	rests, total := 0, int64(0)
	for _, share := range pay.shares {
		if share.bp == nil {
			rests++
			continue
		}
		need(*share.bp <= wholeShare, "shares of at most the whole", *share.bp)
		total += *share.bp
	}
	need(rests == 1 && total <= wholeShare, "one rest and shares of at most the whole", total)
	payer := pay.from.path[0]
	need(payer.kind == "party" && contains(known, payer.name), "a payer who has signed", payer.name)
}

func (c *Clause) signers() []string { // whose signatures performing it takes
	if c.kind == "wait" {
		return nil
	}
	found := append([]string{}, c.actors...)
	for _, one := range conjuncts(c.when) {
		if one.op == "signed" && one.args[0].op == "path" && len(one.args[0].path) == 1 &&
			one.args[0].path[0].kind == "party" {
			found = append(found, one.args[0].path[0].name)
		}
	}
	return found
}

// Located is a clause and the state that it stands in; a start stands in none.
type Located struct {
	home   string
	clause *Clause
}

func located(module *Module) []Located {
	found := []Located{}
	for _, clause := range module.start {
		found = append(found, Located{"", clause})
	}
	for _, state := range module.states {
		for _, clause := range state.clauses {
			found = append(found, Located{state.name, clause})
		}
	}
	return found
}

// signedOnEntry says, per state, who has signed on every way into it: the greatest solution, found from above
// (CTR-T10).
func signedOnEntry(module *Module) map[string]map[string]bool {
	known := map[string]map[string]bool{"": {}}
	for _, state := range module.states {
		known[state.name] = map[string]bool{}
		for _, party := range module.parties {
			known[state.name][party.name] = true
		}
	}
	for changed := true; changed; {
		changed = false
		for _, one := range located(module) {
			for _, outcome := range one.clause.outcomes() {
				target := one.home
				if outcome.to != nil {
					target = *outcome.to
				}
				have := map[string]bool{}
				for name := range known[one.home] {
					have[name] = true
				}
				if !outcome.byTime {
					for _, name := range one.clause.signers() {
						have[name] = true
					}
				}
				changed = keepOnly(known[target], have, outcome.effects) || changed
			}
		}
	}
	return known
}

// keepOnly drops who has not signed, or was set to somebody else, and says whether anybody was.
func keepOnly(target, have map[string]bool, effects []*Effect) (changed bool) {
	for _, effect := range effects {
		if effect.op == "set" {
			delete(have, effect.name)
		}
	}
	for name := range target {
		if !have[name] {
			delete(target, name)
			changed = true
		}
	}
	return changed
}

func direct(e *Expr) bool { return e.op == "lit" || e.op == "path" }

// refusable says whether an effect of time, or of reading, might be refused (CTR-T8, CTR-T12); a contract of nil: a
// policy.
func refusable(p *Program, contract *Contract, caller string, effect *Effect) bool {
	switch {
	case effect.op == "set" && contract != nil:
		guarded := false
		for _, one := range contract.module.parties {
			guarded = guarded || (one.name == effect.name && one.where != nil)
		}
		return !direct(effect.value) || !alwaysFits(typeOr(effect.value.typeText), contract.types[effect.name]) ||
			guarded
	case effect.op == "pay":
		amount := effect.amount
		if amount.op == "pct" && amount.by <= wholeShare {
			amount = amount.args[0]
		}
		return !direct(amount)
	case effect.op == "create":
		return refusableCreation(p, caller, effect)
	}
	return true
}

func refusableCreation(p *Program, caller string, effect *Effect) bool {
	target := p.contracts[effect.contract]
	if len(target.module.key) > 0 {
		return true
	}
	for _, one := range target.module.parties {
		if one.where != nil {
			return true
		}
	}
	free := false
	for _, clause := range startsFor(target, effect.action, caller) {
		free = free || clause.when == nil
		expected := expectedAt(target, clause)
		for _, one := range effect.args {
			if !direct(one.value) || !alwaysFits(typeOr(one.value.typeText), expected[one.name]) {
				return true
			}
		}
		for _, inner := range clause.effects {
			if refusable(p, target, effect.contract, inner) {
				return true
			}
		}
	}
	return !free
}
