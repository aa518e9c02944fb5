// A program: the modules that are deployed, by name, with what is looked up again and again (spec/contract.md).

package main

import "sort"

// Outcome is something that a clause may lead to, by time alone or not.
type Outcome struct {
	byTime  bool
	effects []*Effect
	to      *string
}

func (c *Clause) outcomes() []Outcome {
	done := Outcome{c.kind == "wait", c.effects, c.to}
	if c.kind != "must" {
		return []Outcome{done}
	}
	return []Outcome{done, {true, c.breach.effects, c.breach.to}}
}

func conjuncts(condition *Expr) []*Expr {
	if condition == nil {
		return nil
	}
	if condition.op != "and" {
		return []*Expr{condition}
	}
	found := []*Expr{}
	for _, arg := range condition.args {
		found = append(found, conjuncts(arg)...)
	}
	return found
}

// Contract is a version of a contract with its tables.
type Contract struct {
	module  *Module
	clauses []*Clause
	fields  []string // parties, then data
	types   map[string]*Type
	at      map[string]int
	initial map[string]any
	states  map[string]*State
	set     map[string]bool // what some clause sets
}

func contractOf(module *Module) *Contract {
	c := &Contract{
		module: module, clauses: module.start, types: map[string]*Type{}, at: map[string]int{},
		initial: map[string]any{},
		states:  map[string]*State{}, set: map[string]bool{},
	}
	for _, one := range append(append([]Named{}, module.parties...), module.data...) {
		c.at[one.name] = len(c.fields)
		c.fields = append(c.fields, one.name)
		c.types[one.name] = typeOr(one.typeText)
	}
	for _, one := range module.data {
		if one.init != nil {
			c.initial[one.name] = one.init.value
		}
	}
	for _, state := range module.states {
		c.states[state.name] = state
		c.clauses = append(c.clauses[:len(c.clauses):len(c.clauses)], state.clauses...)
	}
	for _, clause := range c.clauses {
		for _, outcome := range clause.outcomes() {
			for _, effect := range outcome.effects {
				if effect.op == "set" {
					c.set[effect.name] = true
				}
			}
		}
	}
	return c
}

type versionKey struct {
	name    string
	version int64
}

// Program is modules, linked.
type Program struct {
	modules           []*Module
	retired           map[string]bool
	schemas, policies map[string]*Module
	contracts         map[string]*Contract // of each name the highest version
	versions          map[versionKey]*Contract
	enums             map[string][]string
	purposes          []string
	kinds             map[string]*Kind
	parties           map[string]bool
	policyOf          map[string]*Module
	fixed             map[string][]string // what `some` may look up
}

// link makes the tables. Of each name the highest version counts; instances of an older contract end under their own
// (CTR-S24).
func link(modules []*Module, retired []string) *Program {
	p := &Program{
		modules: modules, retired: map[string]bool{}, schemas: map[string]*Module{}, policies: map[string]*Module{},
		contracts: map[string]*Contract{}, versions: map[versionKey]*Contract{}, enums: map[string][]string{},
		kinds:   map[string]*Kind{},
		parties: map[string]bool{}, policyOf: map[string]*Module{}, fixed: map[string][]string{},
	}
	for _, name := range retired {
		p.retired[name] = true
	}
	sorted := append([]*Module{}, modules...)
	sort.SliceStable(sorted, func(a, b int) bool { return sorted[a].version < sorted[b].version })
	order := []*Contract{}
	for _, module := range sorted {
		switch module.kind {
		case "schema":
			p.schemas[module.name] = module
		case "policy":
			p.policies[module.name] = module
		default:
			contract := contractOf(module)
			p.contracts[module.name] = contract
			p.versions[versionKey{module.name, module.version}] = contract
			order = append(order, contract)
		}
	}
	for _, name := range sortedKeys(p.schemas) {
		p.linkSchema(p.schemas[name])
	}
	for _, name := range sortedKeys(p.policies) {
		p.policyOf[p.policies[name].of] = p.policies[name]
	}
	for _, contract := range order {
		p.linkFixed(contract)
	}
	return p
}

func (p *Program) linkSchema(schema *Module) {
	for _, one := range schema.enums {
		p.enums[one.name] = one.members
	}
	for _, one := range schema.purposes {
		if !contains(p.purposes, one) {
			p.purposes = append(p.purposes, one)
		}
	}
	for at := range schema.entities {
		p.kinds[schema.entities[at].name] = &schema.entities[at]
	}
	for at := range schema.people {
		p.kinds[schema.people[at].name] = &schema.people[at]
		p.parties[schema.people[at].name] = true
	}
}

// linkFixed keeps the fields that every version has and no clause of any version sets (CTR-T5, CTR-S27).
func (p *Program) linkFixed(contract *Contract) {
	name := contract.module.name
	before, later := p.fixed[name]
	free := []string{}
	for _, field := range contract.fields {
		if !contract.set[field] && (!later || contains(before, field)) {
			free = append(free, field)
		}
	}
	p.fixed[name] = free
}

func (p *Program) versionOf(instance *Instance) *Contract {
	return p.versions[versionKey{instance.contract, instance.version}]
}

func (p *Program) attributeType(kind, name string) *Type {
	if found := p.kinds[kind]; found != nil {
		for _, one := range found.attributes {
			if one.name == name {
				return parseType(one.typeText)
			}
		}
	}
	return nil
}

func (m *Module) hasParty(name string) bool {
	for _, one := range m.parties {
		if one.name == name {
			return true
		}
	}
	return false
}
