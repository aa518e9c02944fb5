// Whether policies and views have the types they must have, and keep their rules (CTR-T12, CTR-T13).

package main

func policyTyped(p *Program, module *Module) {
	need(p.contracts[module.of] != nil, "a contract", module.of)
	groups, forbids := mapped(module.groups, func(one Group) string { return one.name }), []string{}
	for _, rule := range module.rules {
		if rule.kind == "forbid" {
			forbids = append(forbids, rule.name)
		}
	}
	reader := func(kind string) Scope {
		need(p.parties[kind], "a party type", kind)
		return Scope{program: p, record: module.of, reader: kind}
	}
	listed := func(of, purposes []string) {
		distinct(of)
		for _, one := range of {
			need(contains(groups, one), "a group of the policy", one)
		}
		distinct(purposes)
		for _, one := range purposes {
			need(contains(p.purposes, one), "a purpose", one)
		}
	}
	for _, rule := range module.rules {
		scope := reader(rule.reader)
		listed(rule.groups, rule.purposes)
		scope.condition(rule.when)
		for _, one := range rule.overrides {
			need(contains(forbids, one), "a forbid to override", one)
		}
		need(rule.kind == "permit" || len(rule.overrides)+len(rule.duties) == 0, "a forbid without consequences",
			rule.name)
		for _, effect := range rule.duties {
			creationTyped(p, module.name, scope.knowing(rule.when), effect)
		}
	}
	for _, view := range module.views {
		viewTyped(p, module, view, reader(view.to))
	}
	for _, one := range module.checks {
		switch one.form {
		case "always", "never":
			Scope{program: p, record: module.of}.condition(one.condition)
		case "always_reads", "never_reads":
			listed(one.groups, one.purposes)
			reader(one.reader).condition(one.when)
		default:
			bad("no check of runs in a policy", one.form)
		}
	}
}

func (v *View) paths() []*Expr { // of a cell, in order
	if v.rollup == nil {
		return v.group
	}
	return append(append([]*Expr{}, v.group...), v.rollup)
}

func viewTyped(p *Program, policy *Module, view *View, reader Scope) { // CTR-T13
	rows := Scope{program: p, record: policy.of}
	rows.condition(view.where)
	known := rows.knowing(view.where)
	need(len(view.show) > 0, "something to show", view.name)
	for _, column := range view.show {
		need((column.op == "sum") == (column.path != nil), "a path in `sum` alone", column.op)
		if column.path != nil {
			found := known.whole(column.path)
			need((found.kind == "int" || found.kind == "money") && !found.optional, "a number", found.text)
		}
	}
	for _, path := range view.paths() {
		need(path.op == "path", "a path to group by", path.op)
		known.whole(path)
	}
	need(view.k >= 0, "a number to suppress by", view.k)
	reader.there = known.there
	reader.condition(view.when)
}

func policyRules(p *Program, policy *Module) {
	mine := 0
	for _, one := range p.policies {
		if one.of == policy.of {
			mine++
		}
	}
	need(mine == 1, "one policy a contract", policy.of)
	fields := []string{}
	for _, group := range policy.groups {
		fields = append(fields, group.fields...)
	}
	need(distinctTexts(fields), "each field in one group", fields)
	forbids := map[string]*Rule{}
	for _, rule := range policy.rules {
		if rule.kind == "forbid" {
			forbids[rule.name] = rule
		}
	}
	for _, rule := range policy.rules {
		for _, name := range rule.overrides {
			need(forbids[name] != nil && forbids[name].reader == rule.reader, "a forbid for the same readers", name)
		}
		dutiful := false
		for _, duty := range rule.duties {
			dutiful = dutiful || leadsToDuty(p, policy.name, duty)
			need(!refusable(p, nil, policy.name, duty), "a duty that cannot be refused", rule.name)
		}
		need(len(rule.overrides) == 0 || dutiful, "an override that creates a duty", rule.name)
	}
	for _, view := range policy.views {
		viewRules(p, view)
	}
}

func leadsToDuty(p *Program, caller string, create *Effect) bool {
	target := p.contracts[create.contract]
	starts := startsFor(target, create.action, caller)
	for _, start := range starts {
		state, duty := target.states[*start.to], false
		if state != nil {
			for _, clause := range state.clauses {
				duty = duty || clause.kind == "must"
			}
		}
		if !duty {
			return false
		}
	}
	return len(starts) > 0
}

func viewRules(p *Program, view *View) {
	for _, path := range view.group {
		t := typeOr(path.typeText)
		need(contains([]string{"bool", "int", "enum", "entity"}, t.kind) && !t.optional, "a path to group by",
			path.typeText)
	}
	if view.rollup != nil {
		t := typeOr(view.rollup.typeText)
		kind := p.kinds[t.name]
		need(t.kind == "entity" && !t.optional && kind != nil && kind.tree, "a tree to roll up along", t.text)
	}
	if view.when == nil {
		return
	}
	allowed := mapped(view.paths(), func(one *Expr) string { return one.pathKey })
	cellOnly(view.when, allowed)
	need(!view.when.mentions(PathStep{"purpose", ""}), "no purpose in a view", view.name)
}

func cellOnly(e *Expr, allowed []string) {
	if e.op == "path" && e.path[0].kind == "record" {
		need(contains(allowed, e.pathKey), "a path of the cell", e.pathKey)
	}
	for _, arg := range e.args {
		cellOnly(arg, allowed)
	}
}
