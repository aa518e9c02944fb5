// Whether modules make a program: every static rule, on the IR (CTR-T1 to CTR-T15). What is refused is
// `contract.bad_package`, and nothing of it is deployed (CTR-D03).

package main

func loadProgram(modules []*Module, retired []string) *Program {
	seen := map[versionKey]bool{}
	for _, one := range modules {
		encode(one.raw) // what has no canonical form is no module
		key := versionKey{one.name, one.version}
		need(!seen[key], "one module of each name and version", one.name)
		seen[key] = true
	}
	oneMeaning(modules)
	for _, one := range modules {
		parts(one)
	}
	p := link(modules, retired)
	inForce := []*Module{}
	for _, one := range modules {
		if isInForce(modules, one) {
			inForce = append(inForce, one)
		}
	}
	for _, module := range inForce {
		for _, name := range module.uses {
			need(p.schemas[name] != nil || p.contracts[name] != nil || p.policies[name] != nil,
				"a module that is deployed", name)
		}
		moduleTyped(p, module)
	}
	callGraph(p)
	for _, module := range inForce {
		switch module.kind {
		case "contract":
			contractRules(p, p.versions[versionKey{module.name, module.version}])
		case "policy":
			policyRules(p, module)
		}
	}
	return p
}

// isInForce: by what something can still happen, which is the highest versions, and contracts that no other version
// replaces (CTR-S24).
func isInForce(modules []*Module, module *Module) bool {
	highest, replaced := true, false
	for _, one := range modules {
		if one.name != module.name {
			continue
		}
		highest = highest && one.version <= module.version
		replaced = replaced || (one.kind == "contract" && one.replaces != nil && *one.replaces == module.version)
	}
	return highest || (module.kind == "contract" && !replaced)
}

// ---- names and shapes (CTR-T6, CTR-T14)

func oneMeaning(modules []*Module) { // of a name, over the whole program
	meanings := map[string]string{}
	mean := func(name, what string) {
		found, known := meanings[name]
		need(!known || found == what, "one meaning of "+name, what)
		meanings[name] = what
	}
	for _, module := range modules {
		mean(module.name, module.kind)
		for _, one := range module.enums {
			mean(one.name, "enum of "+module.name)
		}
		for _, one := range module.entities {
			mean(one.name, "entity of "+module.name)
		}
		for _, one := range module.people {
			mean(one.name, "party of "+module.name)
		}
	}
}

func parts(module *Module) {
	distinct([]string{module.name})
	distinct(module.uses)
	need(ascending(module.uses), "uses in order", module.uses)
	need(module.version >= 1, "a version", module.version)
	if module.kind == "schema" {
		schemaParts(module)
		return
	}
	need(module.replaces == nil || (1 <= *module.replaces && *module.replaces < module.version),
		"an earlier version to replace", module.version)
	distinct(mapped(module.checks, func(one *Check) string { return one.name }))
	if module.kind == "policy" {
		groups := mapped(module.groups, func(one Group) string { return one.name })
		distinct(append(groups, mapped(module.rules, func(one *Rule) string { return one.name })...))
		distinct(mapped(module.views, func(one *View) string { return one.name }))
		for _, group := range module.groups {
			distinct(group.fields)
		}
		return
	}
	fields := append(namesOf(module.parties), namesOf(module.data)...)
	need(len(fields) <= fieldsLimit && len(module.states) <= statesLimit, "a contract within the limits", len(fields))
	distinct(append(append([]string{}, fields...), mapped(module.states,
		func(one *State) string { return one.name })...))
	for _, state := range module.states {
		need(len(state.clauses) <= clausesLimit, "states within the limits", state.name)
	}
	distinct(module.key)
	need(len(module.start) > 0, "a start", module.name)
	for _, one := range module.key {
		need(contains(fields, one), "a key of fields", one)
	}
}

func schemaParts(module *Module) {
	names := mapped(module.enums, func(one Enum) string { return one.name })
	for _, one := range module.enums {
		distinct(one.members)
	}
	distinct(module.purposes)
	for _, one := range append(append([]Kind{}, module.entities...), module.people...) {
		names = append(names, one.name)
		distinct(namesOf(one.attributes))
	}
	distinct(names)
	for _, one := range module.people {
		need(!one.tree, "no tree of parties", one.name)
	}
}
