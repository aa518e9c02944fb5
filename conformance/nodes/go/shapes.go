// The shapes of the IR (spec/contract.md, part 5; spec/ir.schema.json): every object closed, every default left out
// (CTR-T15). What is read here has the shape of a module and nothing more; whether it makes sense is asked in
// verify_*.go.

package main

// bad refuses a module or program (CTR-D03).
func bad(expected string, got any) { refuse("contract.bad_package", expected, got) }

func need(holds bool, expected string, got any) {
	if !holds {
		bad(expected, got)
	}
}

// closed is an object with these members, and perhaps some of those.
func closed(value any, required []string, optional ...string) object {
	members, is := value.(object)
	need(is, "an object", value)
	for _, key := range required {
		_, has := members[key]
		need(has, "a member "+key, "none")
	}
	for key := range members {
		need(contains(required, key) || contains(optional, key), "no member of this name", key)
	}
	return members
}

func textOf(value any) string {
	text, is := value.(string)
	need(is, "a text", value)
	return text
}

func maybeText(value any) *string {
	if value == nil {
		return nil
	}
	text := textOf(value)
	return &text
}

func numberOf(value any) int64 {
	number, is := integerIn(value)
	need(is, "a number", value)
	return number
}

func maybeNumber(value any) *int64 {
	if value == nil {
		return nil
	}
	number := numberOf(value)
	return &number
}

func truthOf(value any) bool {
	truth, is := value.(bool)
	need(is, "true or false", value)
	return truth
}

func listOf[T any](value any, read func(any) T) []T {
	items, is := value.(list)
	need(is, "a list", value)
	found := make([]T, len(items))
	for at, one := range items {
		found[at] = read(one)
	}
	return found
}

func textsOf(value any) []string { return listOf(value, textOf) }

func oneOf(value any, words ...string) string {
	text := textOf(value)
	need(contains(words, text), "another word", text)
	return text
}

func tagOf(value any, tag string) any { // what says which shape an object has
	members, is := value.(object)
	need(is, "an object", value)
	return members[tag]
}

// ---- expressions

// PathStep is one step of a path: a kind, and a name where the kind takes one.
type PathStep struct{ kind, name string }

// Find is what `some` looks up in the index.
type Find struct {
	field string
	value *Expr
}

// Expr is an expression of the IR; a member at its default is absent there.
type Expr struct {
	raw          object
	op, typeText string
	args         []*Expr
	path         []PathStep
	pathKey      string // the path as one text
	value        any    // nil where there is none
	by           int64
	name, of     string
	find         *Find
}

var operators = []string{
	"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "in", "has", "signed", "add", "sub", "scale", "pct",
	"some", "path", "lit",
}

func exprOf(value any) *Expr {
	members := closed(value, []string{"op", "type"}, "args", "path", "value", "by", "name", "of", "find")
	e := &Expr{raw: members, op: oneOf(members["op"], operators...), typeText: textOf(members["type"])}
	given := func(key string) bool { _, has := members[key]; return has }
	if given("args") {
		e.args = listOf(members["args"], exprOf)
		need(len(e.args) > 0, "no default written out", "args")
	}
	if given("path") {
		e.path = listOf(members["path"], stepOf)
		need(len(e.path) > 0, "no default written out", "path")
		e.pathKey = string(encode(members["path"]))
	}
	if given("value") {
		e.value = literalOf(members["value"])
	}
	if given("by") {
		e.by = numberOf(members["by"])
		need(e.by != 0, "no default written out", "by")
	}
	if given("name") {
		e.name = textOf(members["name"])
		need(e.name != "", "no default written out", "name")
	}
	if given("of") {
		e.of = textOf(members["of"])
		need(e.of != "", "no default written out", "of")
	}
	if given("find") {
		find := closed(members["find"], []string{"field", "value"})
		e.find = &Find{textOf(find["field"]), exprOf(find["value"])}
	}
	return e
}

func maybeExpr(value any) *Expr {
	if value == nil {
		return nil
	}
	return exprOf(value)
}

func stepOf(value any) PathStep {
	step, is := value.(list)
	need(is && len(step) == 2, "a step", value)
	kind := oneOf(step[0], "party", "data", "param", "some", "reader", "record", "purpose", "now", "state", "attr")
	return PathStep{kind, textOf(step[1])}
}

func literalOf(value any) any {
	switch one := value.(type) {
	case bool, string:
	case int64:
		numberOf(one)
	default:
		textsOf(one)
	}
	return value
}

// ---- clauses and effects

type (
	// Named is a name with its type, and what is asked of it or its default.
	Named struct {
		name, typeText string
		where, init    *Expr
	}
	// Arg is an argument of a call or creation.
	Arg struct {
		name  string
		value *Expr
	}
	// Share is a part of a payment; bp nil is the rest.
	Share struct {
		to *Expr
		bp *int64
	}
	// Effect is one of set, pay, create and call.
	Effect struct {
		op, name, contract, action string
		value, amount, from, on    *Expr
		shares                     []Share
		args                       []Arg
	}
	// Limit is a deadline: seconds after entry, or a datum.
	Limit struct {
		within *int64
		until  *string
	}
	// Breach is what follows when a duty is not done.
	Breach struct {
		name    string
		effects []*Effect
		to      *string
	}
	// Clause is a may, must or wait.
	Clause struct {
		kind, action string
		actors       []string
		caller       *string
		params       []Named
		when         *Expr
		limit        Limit
		effects      []*Effect
		to           *string // nil stays
		breach       *Breach
	}
)

func typedOf(value any) []Named {
	return listOf(value, func(one any) Named {
		members := closed(one, []string{"name", "type"})
		return Named{name: textOf(members["name"]), typeText: textOf(members["type"])}
	})
}

func argsOf(value any) []Arg {
	return listOf(value, func(one any) Arg {
		members := closed(one, []string{"name", "value"})
		return Arg{textOf(members["name"]), exprOf(members["value"])}
	})
}

func creationOf(value any) *Effect {
	need(tagOf(value, "op") == "create", "a creation", tagOf(value, "op"))
	m := closed(value, []string{"op", "contract", "action", "args"})
	return &Effect{op: "create", contract: textOf(m["contract"]), action: textOf(m["action"]), args: argsOf(m["args"])}
}

func effectOf(value any) *Effect {
	switch tagOf(value, "op") {
	case "set":
		m := closed(value, []string{"op", "name", "value"})
		return &Effect{op: "set", name: textOf(m["name"]), value: exprOf(m["value"])}
	case "pay":
		m := closed(value, []string{"op", "amount", "from", "shares"})
		return &Effect{op: "pay", amount: exprOf(m["amount"]), from: exprOf(m["from"]),
			shares: listOf(m["shares"], shareOf)}
	case "call":
		m := closed(value, []string{"op", "on", "action", "args"})
		return &Effect{op: "call", on: exprOf(m["on"]), action: textOf(m["action"]), args: argsOf(m["args"])}
	}
	return creationOf(value)
}

func shareOf(value any) Share {
	m := closed(value, []string{"to", "bp"})
	return Share{exprOf(m["to"]), maybeNumber(m["bp"])}
}

func effectsOf(value any) []*Effect { return listOf(value, effectOf) }

func limitOf(value any) Limit {
	members, limit := closed(value, nil, "within", "until"), Limit{}
	if within, has := members["within"]; has {
		number := numberOf(within)
		limit.within = &number
	}
	if until, has := members["until"]; has {
		text := textOf(until)
		limit.until = &text
	}
	return limit
}

var acting = []string{"kind", "actors", "action", "params", "when", "do", "to"}

func clauseOf(value any) *Clause {
	if tagOf(value, "kind") == "wait" {
		m := closed(value, []string{"kind", "limit", "do", "to"})
		to := textOf(m["to"])
		return &Clause{kind: "wait", limit: limitOf(m["limit"]), effects: effectsOf(m["do"]), to: &to}
	}
	if tagOf(value, "kind") == "must" {
		m := closed(value, append([]string{"limit", "else"}, acting...))
		clause, els := actingOf(m), closed(m["else"], []string{"name", "do", "to"})
		clause.limit = limitOf(m["limit"])
		clause.breach = &Breach{textOf(els["name"]), effectsOf(els["do"]), maybeText(els["to"])}
		return clause
	}
	return mayOf(value)
}

func mayOf(value any) *Clause {
	need(tagOf(value, "kind") == "may", "a clause", tagOf(value, "kind"))
	m := closed(value, append([]string{"caller"}, acting...))
	clause := actingOf(m)
	clause.caller = maybeText(m["caller"])
	return clause
}

func actingOf(m object) *Clause {
	return &Clause{
		kind: textOf(m["kind"]), actors: textsOf(m["actors"]), action: textOf(m["action"]),
		params: typedOf(m["params"]),
		when:   maybeExpr(m["when"]), effects: effectsOf(m["do"]), to: maybeText(m["to"]),
	}
}
