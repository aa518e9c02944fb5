// Modules of the IR: schemas, contracts and policies (spec/contract.md, part 5), read from their values.

package main

type (
	// Enum is a list of words.
	Enum struct {
		name    string
		members []string
	}
	// Kind is a kind of node of the directory: of entities or of parties.
	Kind struct {
		name       string
		tree       bool
		attributes []Named
	}
	// State is a state of a contract.
	State struct {
		name     string
		replaces []string
		clauses  []*Clause
	}
	// Check is what must be shown of a module before it runs.
	Check struct {
		form, name, action, earlier, reader string
		condition, when                     *Expr
		groups, purposes, states            []string
		within                              int64
	}
	// Group is fields of a record that are read together.
	Group struct {
		name   string
		fields []string
	}
	// Rule is a permit or a forbid.
	Rule struct {
		kind, name, reader          string
		groups, purposes, overrides []string
		anyPurpose                  bool
		when                        *Expr
		duties                      []*Effect
	}
	// Column is a number that a view shows.
	Column struct {
		op   string
		path *Expr
	}
	// View is totals over records.
	View struct {
		name, to            string
		show                []Column
		where, rollup, when *Expr
		group               []*Expr
		k                   int64
	}
	// Module is a schema, a contract or a policy.
	Module struct {
		raw        object
		kind, name string
		version    int64
		uses       []string

		enums            []Enum // of a schema
		purposes         []string
		entities, people []Kind

		replaces      *int64 // of a contract or policy
		checks        []*Check
		parties, data []Named // of a contract
		key           []string
		start         []*Clause
		states        []*State

		of     string // of a policy
		groups []Group
		rules  []*Rule
		views  []*View
	}
)

func (m *Module) id() string { return digestHex("yilian/ir/v1", m.raw) } // part 5

func kindsOf(value any) []Kind {
	return listOf(value, func(one any) Kind {
		m := closed(one, []string{"name", "tree", "attributes"})
		return Kind{textOf(m["name"]), truthOf(m["tree"]), typedOf(m["attributes"])}
	})
}

// moduleOf reads a module (CTR-T15); whatever has no such shape is refused as `contract.bad_package`.
func moduleOf(value any) *Module {
	common := []string{"ir", "kind", "name", "version", "uses"}
	var members object
	kind := tagOf(value, "kind")
	switch kind {
	case "schema":
		members = closed(value, append(common, "enums", "purposes", "entities", "parties"))
	case "contract":
		members = closed(value, append(common, "replaces", "parties", "data", "key", "start", "states", "checks"))
	case "policy":
		members = closed(value, append(common, "replaces", "of", "groups", "rules", "views", "checks"))
	default:
		bad("a schema, contract or policy", kind)
	}
	need(members["ir"] == int64(1), "ir 1", members["ir"])
	module := &Module{
		raw: members, kind: kind.(string), name: textOf(members["name"]), version: numberOf(members["version"]),
		uses: textsOf(members["uses"]),
	}
	switch kind {
	case "schema":
		module.readSchema(members)
	case "contract":
		module.readContract(members)
	default:
		module.readPolicy(members)
	}
	return module
}

func (m *Module) readSchema(members object) {
	m.enums = listOf(members["enums"], func(one any) Enum {
		e := closed(one, []string{"name", "members"})
		return Enum{textOf(e["name"]), textsOf(e["members"])}
	})
	m.purposes, m.entities, m.people = textsOf(members["purposes"]), kindsOf(members["entities"]),
		kindsOf(members["parties"])
}

func (m *Module) readContract(members object) {
	m.replaces, m.checks = maybeNumber(members["replaces"]), listOf(members["checks"], checkOf)
	m.parties = listOf(members["parties"], func(one any) Named {
		p := closed(one, []string{"name", "type", "where"})
		return Named{name: textOf(p["name"]), typeText: textOf(p["type"]), where: maybeExpr(p["where"])}
	})
	m.data = listOf(members["data"], func(one any) Named {
		d := closed(one, []string{"name", "type", "init"})
		return Named{name: textOf(d["name"]), typeText: textOf(d["type"]), init: maybeExpr(d["init"])}
	})
	m.key, m.start = textsOf(members["key"]), listOf(members["start"], mayOf)
	m.states = listOf(members["states"], func(one any) *State {
		s := closed(one, []string{"name", "replaces", "clauses"})
		return &State{textOf(s["name"]), textsOf(s["replaces"]), listOf(s["clauses"], clauseOf)}
	})
}

func (m *Module) readPolicy(members object) {
	m.replaces, m.of, m.checks = maybeNumber(members["replaces"]), textOf(members["of"]),
		listOf(members["checks"], checkOf)
	m.groups = listOf(members["groups"], func(one any) Group {
		g := closed(one, []string{"name", "fields"})
		return Group{textOf(g["name"]), textsOf(g["fields"])}
	})
	m.rules, m.views = listOf(members["rules"], ruleOf), listOf(members["views"], viewOf)
}

func ruleOf(value any) *Rule {
	m := closed(value, []string{"kind", "name", "reader", "groups", "purposes", "when", "overrides", "do"})
	rule := &Rule{
		kind: oneOf(m["kind"], "permit", "forbid"), name: textOf(m["name"]), reader: textOf(m["reader"]),
		groups:     textsOf(m["groups"]),
		anyPurpose: m["purposes"] == nil, when: maybeExpr(m["when"]), overrides: textsOf(m["overrides"]),
		duties: listOf(m["do"], creationOf),
	}
	if !rule.anyPurpose {
		rule.purposes = textsOf(m["purposes"])
	}
	return rule
}

func viewOf(value any) *View {
	m := closed(value, []string{"name", "show", "where", "group", "rollup", "to", "when", "k"})
	return &View{
		name: textOf(m["name"]), to: textOf(m["to"]), where: maybeExpr(m["where"]), rollup: maybeExpr(m["rollup"]),
		when:  maybeExpr(m["when"]),
		group: listOf(m["group"], exprOf), k: numberOf(m["k"]),
		show: listOf(m["show"], func(one any) Column {
			c := closed(one, []string{"op", "path"})
			return Column{oneOf(c["op"], "count", "sum"), maybeExpr(c["path"])}
		}),
	}
}

func checkOf(value any) *Check {
	check := &Check{}
	switch form := tagOf(value, "form"); form {
	case "always", "never":
		m := closed(value, []string{"form", "name", "condition"})
		check.form, check.name, check.condition = form.(string), textOf(m["name"]), exprOf(m["condition"])
	case "always_after", "never_after":
		m := closed(value, []string{"form", "name", "action", "earlier"})
		check.form, check.name = form.(string), textOf(m["name"])
		check.action, check.earlier = textOf(m["action"]), textOf(m["earlier"])
	case "always_reads", "never_reads":
		m := closed(value, []string{"form", "name", "reader", "groups", "purposes", "when"})
		check.form, check.name, check.reader = form.(string), textOf(m["name"]), textOf(m["reader"])
		check.groups, check.when = textsOf(m["groups"]), maybeExpr(m["when"])
		if m["purposes"] != nil {
			check.purposes = textsOf(m["purposes"])
		}
	case "reaches":
		m := closed(value, []string{"form", "name", "states", "within"})
		check.form, check.name, check.states, check.within = "reaches", textOf(m["name"]), textsOf(m["states"]),
			numberOf(m["within"])
	default:
		bad("a form of check", form)
	}
	return check
}
