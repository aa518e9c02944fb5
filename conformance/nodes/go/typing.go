// The types of expressions, each recomputed, so that evaluation meets only what it can decide (CTR-T1 to CTR-T5).

package main

import (
	"bytes"
	"math/big"
)

var arity = map[string][2]int{
	"and": {2, nodesLimit}, "or": {2, nodesLimit}, "not": {1, 1}, "eq": {2, 2}, "ne": {2, 2}, "lt": {2, 2},
	"le": {2, 2}, "gt": {2, 2},
	"ge": {2, 2}, "in": {2, 2}, "has": {1, 1}, "signed": {1, 1}, "add": {2, 2}, "sub": {2, 2}, "scale": {1, 1},
	"pct":  {1, 1},
	"some": {1, 1}, "path": {0, 0}, "lit": {0, 0},
}

func (e *Expr) size() int {
	sum := 1
	for _, arg := range e.args {
		sum += arg.size()
	}
	return sum
}

func (e *Expr) mentions(step PathStep) bool { // as the root of a path
	if e.op == "path" && len(e.path) > 0 && e.path[0] == step {
		return true
	}
	for _, arg := range e.args {
		if arg.mentions(step) {
			return true
		}
	}
	return false
}

// floorDiv is the floor of a / b for a positive b.
func floorDiv(a, b *big.Int) *big.Int { return new(big.Int).Div(a, b) } // Euclidean: the floor where b is positive

var basis = big.NewInt(10000) // basis points in the whole

// interval is the least and greatest value of an expression, exact beyond 2^53 (CTR-T2).
func (e *Expr) interval() (low, high *big.Int) {
	switch e.op {
	case "lit":
		number, _ := e.value.(int64)
		return big.NewInt(number), big.NewInt(number)
	case "path":
		if t := parseType(e.typeText); t != nil && t.ordered() {
			return big.NewInt(t.low), big.NewInt(t.high)
		}
	case "scale", "pct":
		by := big.NewInt(e.by)
		low, high = e.args[0].interval()
		low, high = new(big.Int).Mul(low, by), new(big.Int).Mul(high, by)
		if e.op == "pct" {
			return floorDiv(low, basis), floorDiv(high, basis)
		}
		return low, high
	case "add", "sub":
		low, high = e.args[0].interval()
		otherLow, otherHigh := e.args[1].interval()
		if e.op == "add" {
			return new(big.Int).Add(low, otherLow), new(big.Int).Add(high, otherHigh)
		}
		return new(big.Int).Sub(low, otherHigh), new(big.Int).Sub(high, otherLow)
	}
	return new(big.Int), new(big.Int)
}

// Scope is what the roots of paths mean at one place of a module, and which optional paths are known to be there.
type Scope struct {
	program        *Program
	fields         map[string]*Type // "party NAME" and "data NAME"
	contract       string           // whose `state` may be asked; empty: none
	parameters     map[string]*Type
	bound          *Bound // by `some`
	record, reader string // empty: there is none
	there          map[string]bool
}

// Bound is the name that `some` gives, and the contract that it runs over.
type Bound struct{ name, of string }

func (s Scope) knowing(condition *Expr) Scope { // CTR-T4
	there := map[string]bool{}
	for key := range s.there {
		there[key] = true
	}
	for _, one := range conjuncts(condition) {
		if one.op == "has" && len(one.args) == 1 {
			there[one.args[0].pathKey] = true
		}
	}
	s.there = there
	return s
}

func (s Scope) knowingField(step PathStep) Scope {
	s.there = map[string]bool{string(encode(list{list{step.kind, step.name}})): true}
	return s
}

func (s Scope) stored(e *Expr, target *Type) {
	found := s.whole(e)
	need(assignable(found, target), target.text, found.text)
}

func (s Scope) condition(e *Expr) {
	if e != nil {
		s.stored(e, parseType("bool"))
	}
}

func (s Scope) whole(e *Expr) *Type {
	need(e.size() <= nodesLimit, "fewer nodes", e.size()) // CTR-T14
	return s.typeOf(e)
}

func (s Scope) typeOf(e *Expr) *Type {
	bounds, count := arity[e.op], len(e.args)
	need(bounds[0] <= count && count <= bounds[1], "operands of "+e.op, count)
	need((e.value != nil) == (e.op == "lit"), "a value in `lit` alone", e.op)
	need((len(e.path) > 0) == (e.op == "path"), "a path in `path` alone", e.op)
	need(e.by == 0 || e.op == "scale" || e.op == "pct", "`by` in `scale` and `pct` alone", e.op)
	some := e.op == "some"
	need((e.find != nil) == some && (e.name != "") == some && (e.of != "") == some, "`some` whole", e.op)
	found := s.computed(e)
	need(found.text == e.typeText, found.text, e.typeText)
	return found
}

func (s Scope) is(e *Expr, text string) {
	found := s.typeOf(e)
	need(assignable(found, parseType(text)), text, found.text)
}

func (s Scope) computed(e *Expr) *Type {
	switch e.op {
	case "lit":
		return s.literal(e)
	case "path":
		return s.pathType(e)
	case "some":
		s.some(e)
	case "add", "sub", "scale", "pct":
		return s.number(e)
	case "and":
		place := s
		for _, arg := range e.args {
			place.is(arg, "bool")
			place = place.knowing(arg)
		}
	case "or", "not":
		for _, arg := range e.args {
			s.is(arg, "bool")
		}
	case "has":
		of := e.args[0]
		optional := of.op == "path" && len(of.path) > 0 && s.walk(of).optional && of.typeText != "" &&
			of.typeText[len(of.typeText)-1] == '?'
		need(optional, "an optional path", of.op)
	case "signed":
		s.is(e.args[0], "party")
	default:
		s.comparison(e)
	}
	return parseType("bool")
}

func (s Scope) comparison(e *Expr) {
	left, right := s.typeOf(e.args[0]), s.typeOf(e.args[1])
	if e.op == "in" {
		kind := s.program.kinds[right.name]
		tree := right.kind == "entity" && kind != nil && kind.tree
		need(!right.optional && (right.kind == "set" || tree), "a set or tree", right.text)
		of := right
		if right.kind == "set" {
			of = right.element()
		}
		need(assignable(left, of), "a member", left.text)
		return
	}
	need(comparableTypes(left, right), left.text, right.text)
	ordered := left.ordered() && !left.optional && !right.optional
	need(e.op == "eq" || e.op == "ne" || ordered, "ordered values", left.text)
}

func (s Scope) number(e *Expr) *Type { // CTR-T2
	kinds, found := "", []*Type{}
	for _, arg := range e.args {
		one := s.typeOf(arg)
		need(!one.optional, "numbers that are there", one.text)
		kinds, found = kinds+" "+one.kind, append(found, one)
	}
	allowed := []string{" int", " money"}
	if len(e.args) == 2 {
		allowed = []string{" int int", " money money", " time duration"}
	}
	need(contains(allowed, kinds), "numbers of one kind", kinds)
	need(e.by >= 0, "a factor", e.by)
	low, high := e.interval()
	most := big.NewInt(integerLimit)
	need(low.CmpAbs(most) <= 0 && high.CmpAbs(most) <= 0, "values within the integers", high)
	if found[0].kind == "int" {
		return intType(low.Int64(), high.Int64())
	}
	return found[0]
}

func (s Scope) some(e *Expr) { // CTR-T5
	target, field := s.program.contracts[e.of], e.find.field
	need(s.bound == nil, "no `some` within `some`", e.name)
	need(target != nil, "a contract", e.of)
	inner := s
	inner.bound = &Bound{e.name, e.of}
	inner.is(e.args[0], "bool")
	need(contains(s.program.fixed[e.of], field), "a field that is never set", field)
	need(target.types[field].kind != "set", "a field that can be looked up", field)
	need(!e.find.value.mentions(PathStep{"some", e.name}), "a value from outside", field)
	value := encode(e.find.value.raw)
	same := func(own, other *Expr) bool {
		path := own.path
		mine := len(path) == 2 && path[0] == PathStep{"some", e.name} && path[1].name == field &&
			(path[1].kind == "party" || path[1].kind == "data")
		return mine && bytes.Equal(encode(other.raw), value)
	}
	indexed := false
	for _, one := range conjuncts(e.args[0]) {
		if one.op == "eq" {
			indexed = indexed || same(one.args[0], one.args[1]) || same(one.args[1], one.args[0])
		}
	}
	need(indexed, "an index that is one of the conjuncts", field)
}

func (s Scope) literal(e *Expr) *Type {
	t := parseType(e.typeText)
	need(t != nil && !t.optional, "a type of a literal", e.typeText)
	need(s.fitsLiteral(e.value, t), "a literal of its type", e.typeText)
	return t
}

func (s Scope) fitsLiteral(value any, t *Type) bool {
	number, isNumber := integerIn(value)
	word, isText := value.(string)
	switch t.kind {
	case "bool":
		_, is := value.(bool)
		return is
	case "int":
		return isNumber && 0 <= number && t.low == number && t.high == number
	case "money":
		return isNumber && 0 <= number && number <= moneyLimit
	case "duration":
		return isNumber && 0 <= number && number <= durationLimit
	case "state":
		contract := s.program.contracts[t.name]
		return isText && contract != nil && contract.states[word] != nil
	case "set":
		if !isSet(value) {
			return false
		}
		for _, one := range value.(list) {
			if !isWord(one.(string), t.element(), s.program) {
				return false
			}
		}
		return true
	}
	return isText && isWord(word, t, s.program)
}

// ---- paths

func (s Scope) pathType(e *Expr) *Type {
	found := s.walk(e)
	if s.there[e.pathKey] {
		return found.present()
	}
	return found
}

func (s Scope) walk(e *Expr) *Type {
	found := s.root(e.path[0])
	for at, step := range e.path[1:] {
		need(!found.optional || s.there[pathKey(e.path[:at+1])], "a step from what is there", step.name)
		found = s.step(found, step)
	}
	return found
}

func pathKey(path []PathStep) string {
	steps := list{}
	for _, one := range path {
		steps = append(steps, list{one.kind, one.name})
	}
	return string(encode(steps))
}

func (s Scope) root(step PathStep) *Type {
	kind, name := step.kind, step.name
	if kind == "party" || kind == "data" {
		found := s.fields[kind+" "+name]
		need(found != nil, "a field", name)
		return found
	}
	need(kind == "param" || kind == "some" || name == "", "no name with "+kind, name)
	var found *Type
	switch {
	case kind == "param":
		found = s.parameters[name]
	case kind == "some" && s.bound != nil && s.bound.name == name:
		found = parseType("contract " + s.bound.of)
	case kind == "now":
		found = parseType("time")
	case kind == "state" && s.contract != "":
		found = parseType("state " + s.contract)
	case kind == "record" && s.record != "":
		found = parseType("contract " + s.record)
	case kind == "reader" && s.reader != "":
		found = parseType("party " + s.reader)
	case kind == "purpose" && s.reader != "":
		found = parseType("purpose")
	}
	need(found != nil, "a root that means something here", kind)
	return found
}

func (s Scope) step(at *Type, step PathStep) *Type {
	var found *Type
	switch {
	case at.kind == "contract":
		contract := s.program.contracts[at.name]
		of := "data"
		if contract != nil && contract.module.hasParty(step.name) {
			of = "party"
		}
		switch {
		case contract == nil:
		case step.kind == "state" && step.name == "":
			found = parseType("state " + at.name)
		case step.kind == of:
			found = contract.types[step.name]
		}
	case step.kind == "attr" && (at.kind == "party" || at.kind == "entity"):
		found = s.program.attributeType(at.name, step.name)
	}
	need(found != nil, "a part of "+at.text, step.name)
	return found
}
