// New versions: what may follow what, and how living instances move to the rules that replace theirs (CTR-S24).

package main

// deploy is the program after a deployment, and the moves that it makes.
func deploy(deployed, arriving []*Module, world World, retired []string) (*Program, *Changes) {
	for _, module := range arriving {
		for _, old := range deployed {
			if old.name == module.name {
				follows(old, module)
			}
		}
	}
	program := loadProgram(append(append([]*Module{}, deployed...), arriving...), retired)
	step := &Step{program, newOverlay(world), world.Now(), nil}
	for _, module := range arriving {
		if module.kind != "contract" || module.replaces == nil {
			continue
		}
		if old := program.versions[versionKey{module.name, *module.replaces}]; old != nil {
			step.moveAll(old, program.versions[versionKey{module.name, module.version}])
		}
	}
	return program, step.overlay.changes(step.now)
}

func follows(old, module *Module) {
	need(old.kind == module.kind, "a "+old.kind, module.kind)
	need(old.version < module.version, "a higher version", module.version)
	switch old.kind {
	case "policy":
		need(old.of == module.of, "a policy for "+old.of, module.of)
	case "schema":
		schemaGrows(old, module)
	case "contract":
		need(equal(valuesOf(old.key), valuesOf(module.key)), "the key", module.key)
		defaults := []string{}
		for _, one := range module.data {
			if one.init != nil {
				defaults = append(defaults, one.name)
			}
		}
		all := func(m *Module) []Named { return append(append([]Named{}, m.parties...), m.data...) }
		widens(all(old), all(module), defaults)
	}
}

func schemaGrows(old, module *Module) {
	for _, before := range old.enums {
		now := []string{}
		for _, one := range module.enums {
			if one.name == before.name {
				now = one.members
			}
		}
		for _, member := range before.members {
			need(contains(now, member), "every member of "+before.name, member)
		}
	}
	for _, purpose := range old.purposes {
		need(contains(module.purposes, purpose), "every purpose", purpose)
	}
	kindsGrow(old.entities, module.entities)
	kindsGrow(old.people, module.people)
}

func kindsGrow(old, now []Kind) {
	for _, before := range old {
		grown := false
		for _, one := range now {
			if one.name == before.name {
				grown = one.tree == before.tree
				widens(before.attributes, one.attributes, nil)
			}
		}
		need(grown, before.name+" as it was", "another")
	}
}

func widens(before, after []Named, defaults []string) {
	had, has := map[string]bool{}, map[string]*Type{}
	for _, one := range after {
		has[one.name] = typeOr(one.typeText)
	}
	for _, one := range before {
		had[one.name] = true
		was, is := typeOr(one.typeText), has[one.name]
		need(is != nil && assignable(was, is), one.name+" as it was", "another type")
		need(is.kind != "int" || (is.low <= was.low && was.high <= is.high), one.name+" at least as wide", is.text)
	}
	for _, one := range after {
		need(had[one.name] || has[one.name].optional || contains(defaults, one.name), "a default or ? for what is new",
			one.name)
	}
}

func (s *Step) moveAll(old, now *Contract) {
	target := map[string]string{}
	for name := range now.states {
		target[name] = name
	}
	for _, state := range now.module.states {
		for _, name := range state.replaces {
			target[name] = state.name
		}
	}
	living := map[string]bool{}
	for _, state := range old.module.states {
		if len(state.clauses) > 0 {
			living[state.name] = true
			_, has := target[state.name]
			refuseUnless(has, "contract.no_migration", "a state to go to", state.name)
		}
	}
	for _, id := range s.overlay.Instances(old.module.name) {
		instance := s.overlay.Instance(id)
		if instance.version == old.module.version && living[instance.state] {
			s.move(instance, old, now, target[instance.state])
		}
	}
}

func (s *Step) move(instance *Instance, old, now *Contract, target string) {
	moved := *instance
	moved.version, moved.state, moved.values, moved.closed = now.module.version, target, nil, nil
	for _, name := range now.fields {
		value := now.initial[name]
		if at, has := old.at[name]; has {
			value = instance.values[at]
		}
		moved.values = append(moved.values, value)
	}
	clauses, done := old.states[instance.state].clauses, map[string]bool{}
	for _, at := range instance.closed {
		if int(at) < len(clauses) && clauses[at].kind == "must" {
			done[clauses[at].duty()] = true
		}
	}
	for at, clause := range now.states[target].clauses {
		if clause.kind == "must" && done[clause.duty()] {
			moved.closed = append(moved.closed, int64(at))
		}
	}
	moved.timers = timersOf(now, &moved)
	s.overlay.write(&moved)
	s.emit("migrated", &moved, object{"from_version": instance.version, "from_state": instance.state, "to": target})
}

// duty says by what a duty is known in the next version: what is to be done, and what it is called when it is not.
func (c *Clause) duty() string { return string(encode(list{c.action, c.breach.name})) }
