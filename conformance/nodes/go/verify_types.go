// Whether everything in a module that is in force has the type it must have (CTR-T1 to CTR-T6, CTR-T9, CTR-T13).

package main

func distinct(names []string) {
	for _, name := range names {
		need(isWordName(name), "a name", name)
	}
	need(distinctTexts(names), "names that differ", names)
}

func namesOf(named []Named) []string {
	return mapped(named, func(one Named) string { return one.name })
}

func mapped[A, B any](items []A, get func(A) B) []B {
	found := make([]B, len(items))
	for at, one := range items {
		found[at] = get(one)
	}
	return found
}

func declared(p *Program, text string) *Type {
	t := parseType(text)
	need(t != nil, "a type", text)
	switch {
	case t.kind == "enum" || (t.kind == "set" && t.name != "purpose"):
		_, is := p.enums[t.name]
		need(is, "an enum", text)
	case t.kind == "contract":
		need(p.contracts[t.name] != nil, "a contract", text)
	case t.name != "" && t.kind != "set":
		need(p.kinds[t.name] != nil && p.parties[t.name] == (t.kind == "party"), "a declared kind", text)
	}
	return t
}

func moduleTyped(p *Program, module *Module) {
	switch module.kind {
	case "schema":
		schemaTyped(p, module)
	case "contract":
		contractTyped(p, module)
	default:
		policyTyped(p, module)
	}
}

func schemaTyped(p *Program, module *Module) {
	for _, kind := range append(append([]Kind{}, module.entities...), module.people...) {
		for _, one := range kind.attributes {
			t := declared(p, one.typeText)
			need(t.kind != "contract" && t.kind != "state" && t.kind != "duration", "a type of the directory",
				one.typeText)
		}
	}
}

func contractTyped(p *Program, module *Module) {
	contract, fields := p.versions[versionKey{module.name, module.version}], map[string]*Type{}
	for _, one := range module.parties {
		found := declared(p, one.typeText)
		need(found.kind == "party" && found.name != "", "a party type", one.typeText)
		fields["party "+one.name] = found
	}
	for _, one := range module.data {
		found := declared(p, one.typeText)
		need(found.kind != "state" && found.kind != "duration", "a type that can be stored", one.typeText)
		fields["data "+one.name] = found
	}
	scope := Scope{program: p, fields: fields, contract: module.name}
	for _, one := range module.data {
		if one.init == nil {
			continue
		}
		need(one.init.op == "lit", "a literal for a default", one.name)
		need(alwaysFits(Scope{program: p}.whole(one.init), contract.types[one.name]), "a default that fits", one.name)
	}
	for _, one := range module.key {
		need(!contract.types[one].optional && !contract.set[one], "a key that is there and stays", one)
	}
	for _, one := range module.parties { // it is asked of a party that is there (CTR-S26)
		scope.knowingField(PathStep{"party", one.name}).condition(one.where)
	}
	for _, clause := range module.start {
		need(clause.to != nil, "a start that leads to a state", clause.action)
		clauseTyped(p, contract, scope, clause)
	}
	for _, state := range module.states {
		need(len(state.replaces) == 0 || module.replaces != nil, "nothing replaced where nothing is", state.name)
		for _, clause := range state.clauses {
			clauseTyped(p, contract, scope, clause)
		}
	}
	for _, one := range module.checks {
		contractCheck(contract, scope, one)
	}
}

func clauseTyped(p *Program, contract *Contract, scope Scope, clause *Clause) {
	if clause.kind == "wait" {
		limitTyped(contract, clause.limit)
		outcomeTyped(p, contract, scope, clause.effects, clause.to)
		return
	}
	distinct([]string{clause.action})
	distinct(namesOf(clause.params))
	inner := scope
	inner.parameters = map[string]*Type{}
	for _, one := range clause.params {
		_, field := contract.at[one.name]
		need(!field && contract.states[one.name] == nil, "a parameter of its own name", one.name)
		inner.parameters[one.name] = declared(p, one.typeText)
	}
	inner.condition(clause.when)
	distinct(clause.actors)
	for _, one := range clause.actors {
		need(contract.module.hasParty(one), "a party of the contract", one)
	}
	need((len(clause.actors) > 0) == (clause.caller == nil), "either actors or a caller", clause.action)
	if clause.caller != nil {
		need(p.contracts[*clause.caller] != nil || p.policies[*clause.caller] != nil, "a deployed caller",
			*clause.caller)
	}
	outcomeTyped(p, contract, inner.knowing(clause.when), clause.effects, clause.to)
	if clause.kind == "must" {
		limitTyped(contract, clause.limit)
		distinct([]string{clause.breach.name})
		outcomeTyped(p, contract, scope, clause.breach.effects, clause.breach.to)
	}
}

func limitTyped(contract *Contract, limit Limit) {
	need((limit.within == nil) != (limit.until == nil), "one deadline", "another number")
	if limit.within != nil {
		need(0 <= *limit.within && *limit.within <= durationLimit, "a duration", *limit.within)
		return
	}
	datum := contains(namesOf(contract.module.data), *limit.until)
	need(datum && contract.types[*limit.until].kind == "time", "a time of the contract", *limit.until)
}

func outcomeTyped(p *Program, contract *Contract, scope Scope, effects []*Effect, to *string) {
	need(to == nil || contract.states[*to] != nil, "a state", "another")
	need(len(effects) <= effectsLimit, "fewer effects", len(effects))
	sets := []string{}
	for _, effect := range effects {
		if effect.op == "set" {
			sets = append(sets, effect.name)
		}
	}
	distinct(sets)
	for _, effect := range effects {
		switch effect.op {
		case "set":
			_, field := contract.at[effect.name]
			need(field && !contains(contract.module.key, effect.name), "a field to set", effect.name)
			scope.stored(effect.value, contract.types[effect.name])
		case "pay":
			paymentTyped(scope, effect)
		case "create":
			creationTyped(p, contract.module.name, scope, effect)
		default:
			callTyped(p, contract.module.name, scope, effect)
		}
	}
}

func paymentTyped(scope Scope, effect *Effect) {
	scope.stored(effect.amount, parseType("money"))
	payees := mapped(effect.shares, func(one Share) *Expr { return one.to })
	for _, party := range append([]*Expr{effect.from}, payees...) {
		need(party.op == "path" && len(party.path) == 1, "a party by its name", party.op)
		scope.stored(party, parseType("party"))
	}
	for _, one := range effect.shares {
		need(one.bp == nil || *one.bp >= 0, "shares of at least nothing", one.bp)
	}
}

func startsFor(target *Contract, action, caller string) []*Clause {
	found := []*Clause{}
	for _, one := range target.module.start {
		if one.action == action && one.caller != nil && *one.caller == caller {
			found = append(found, one)
		}
	}
	return found
}

func paramTypes(clause *Clause) map[string]*Type {
	found := map[string]*Type{}
	for _, one := range clause.params {
		found[one.name] = typeOr(one.typeText)
	}
	return found
}

func expectedAt(target *Contract, clause *Clause) map[string]*Type { // arguments of a start (CTR-S8)
	found := paramTypes(clause)
	for name, t := range target.types {
		if _, has := found[name]; !has {
			found[name] = t
		}
	}
	return found
}

func creationTyped(p *Program, caller string, scope Scope, effect *Effect) { // CTR-T9
	target := p.contracts[effect.contract]
	need(target != nil, "a contract", effect.contract)
	starts := startsFor(target, effect.action, caller)
	need(len(starts) > 0, "a start for the caller", effect.action)
	optional := map[string]bool{}
	for _, name := range target.fields {
		_, has := target.initial[name]
		optional[name] = has || target.types[name].optional
	}
	for _, clause := range starts {
		argumentsTyped(scope, effect.args, expectedAt(target, clause), optional)
	}
}

func callTyped(p *Program, caller string, scope Scope, effect *Effect) { // CTR-T9
	found := scope.whole(effect.on)
	need(effect.on.op == "path" && found.kind == "contract" && !found.optional, "an instance", found.text)
	mine := []*Clause{}
	for _, state := range p.contracts[found.name].module.states {
		for _, one := range state.clauses {
			if one.kind == "may" && one.action == effect.action && one.caller != nil && *one.caller == caller {
				mine = append(mine, one)
			}
		}
	}
	need(len(mine) > 0, "a clause for the caller", effect.action)
	for _, clause := range mine {
		argumentsTyped(scope, effect.args, paramTypes(clause), nil)
	}
}

func argumentsTyped(scope Scope, args []Arg, expected map[string]*Type, optional map[string]bool) {
	names := mapped(args, func(one Arg) string { return one.name })
	distinct(names)
	for _, one := range args {
		t := expected[one.name]
		need(t != nil, "a known argument", one.name)
		scope.stored(one.value, t)
	}
	for name, t := range expected {
		need(t.optional || optional[name] || contains(names, name), "an argument", name)
	}
}

func contractCheck(contract *Contract, scope Scope, one *Check) {
	switch one.form {
	case "always", "never":
		scope.condition(one.condition)
	case "always_after", "never_after":
		actions := []string{}
		for _, clause := range contract.clauses {
			if clause.kind != "wait" {
				actions = append(actions, clause.action)
			}
		}
		need(contains(actions, one.action) && contains(actions, one.earlier), "actions", one.name)
	case "reaches":
		for _, state := range one.states {
			need(contract.states[state] != nil, "states", state)
		}
		need(one.within >= 0, "a time", one.within)
	default:
		bad("no check of reading in a contract", one.form)
	}
}
