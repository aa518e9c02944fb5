// The value of an expression at a place and time (spec/contract.md, CTR-S13 to CTR-S17). Total: what is absent is nil.

package main

import "math/big"

// Place is where an expression is evaluated; what means nothing there is nil.
type Place struct {
	program    *Program
	world      World
	now        int64
	signers    []string
	instance   *Instance
	parameters map[string]any
	boundName  string
	bound      any // the id of an instance
	record     any // the id of an instance
	reader     any // a name
	purpose    any
	cell       map[string]any // path as text to value
}

func (p *Place) holds(condition *Expr) bool {
	return condition == nil || p.evaluate(condition) == true
}

func (p *Place) holdsAll(conditions []*Expr) bool {
	for _, one := range conditions {
		if !p.holds(one) {
			return false
		}
	}
	return true
}

func (p *Place) evaluate(e *Expr) any {
	switch e.op {
	case "lit":
		return e.value
	case "path":
		if value, has := p.cell[e.pathKey]; has {
			return value
		}
		return p.follow(e.path)
	case "and":
		return p.holdsAll(e.args)
	case "or":
		for _, arg := range e.args {
			if p.evaluate(arg) == true {
				return true
			}
		}
		return false
	case "not":
		return p.evaluate(e.args[0]) != true
	case "has":
		return p.evaluate(e.args[0]) != nil
	case "signed":
		name, is := p.evaluate(e.args[0]).(string)
		return is && contains(p.signers, name)
	case "some":
		return p.some(e)
	case "scale", "pct":
		number, is := p.evaluate(e.args[0]).(int64)
		if !is {
			return nil
		}
		if e.op == "pct" {
			return percent(number, e.by)
		}
		return number * e.by // within the integers, whatever the operand is (CTR-T2)
	}
	return p.binary(e.op, p.evaluate(e.args[0]), p.evaluate(e.args[1]))
}

// percent is the floor of x times so many basis points (CTR-S12, CTR-S13); the product may go beyond 64 bits.
func percent(x, points int64) int64 {
	return floorDiv(new(big.Int).Mul(big.NewInt(x), big.NewInt(points)), basis).Int64()
}

func (p *Place) binary(op string, left, right any) any { // CTR-S17
	switch op {
	case "eq":
		return equal(left, right)
	case "ne":
		return !equal(left, right)
	case "in":
		return p.within(left, right)
	}
	a, first := left.(int64)
	b, second := right.(int64)
	there := first && second
	switch op {
	case "lt":
		return there && a < b
	case "le":
		return there && a <= b
	case "gt":
		return there && a > b
	case "ge":
		return there && a >= b
	}
	if !there {
		return nil
	}
	if op == "add" {
		return a + b
	}
	return a - b
}

func lineOf(world World, name string) []string { // a node and those above it
	line := []string{name}
	for len(line) < treeDepth {
		node := world.Node(line[len(line)-1])
		if node == nil || node.parent == nil {
			break
		}
		line = append(line, *node.parent)
	}
	return line
}

func (p *Place) within(left, right any) bool {
	if items, is := right.(list); is {
		for _, one := range items {
			if equal(one, left) {
				return true
			}
		}
		return false
	}
	inner, is := left.(string)
	outer, too := right.(string)
	return is && too && contains(lineOf(p.world, inner), outer)
}

func (p *Place) some(e *Expr) bool { // CTR-S16, CTR-S27
	value := p.evaluate(e.find.value)
	if _, is := value.(list); is || value == nil {
		return false
	}
	found := p.world.Find(e.of, e.find.field, value)
	inner := *p
	inner.boundName = e.name
	for at, id := range found {
		refuseUnless(at < someMatches, "contract.limit_exceeded", "fewer instances to try", len(found))
		inner.bound = id
		if inner.holds(e.args[0]) {
			return true
		}
	}
	return false
}

func (p *Place) follow(path []PathStep) any {
	value := p.rootOf(path[0])
	for _, step := range path[1:] {
		switch at := value.(type) {
		case string:
			value = nil
			if node := p.world.Node(at); node != nil && step.kind == "attr" {
				value = node.attributes[step.name]
			}
		case int64:
			value = nil
			if step.kind != "attr" {
				value = p.ofInstance(step, p.world.Instance(at))
			}
		default:
			return nil
		}
	}
	return value
}

func (p *Place) rootOf(step PathStep) any {
	switch step.kind {
	case "param":
		return p.parameters[step.name]
	case "some":
		if p.boundName == step.name {
			return p.bound
		}
		return nil
	case "now":
		return p.now
	case "record":
		return p.record
	case "reader":
		return p.reader
	case "purpose":
		return p.purpose
	}
	return p.ofInstance(step, p.instance)
}

func (p *Place) ofInstance(step PathStep, instance *Instance) any {
	if instance == nil {
		return nil
	}
	if step.kind == "state" {
		return instance.state
	}
	return fieldOf(p.program, instance, step.name)
}

// fieldOf is a field of an instance; what its version does not have yet has the default of the newest (CTR-S24).
func fieldOf(p *Program, instance *Instance, name string) any {
	if at, has := p.versionOf(instance).at[name]; has {
		return instance.values[at]
	}
	return p.contracts[instance.contract].initial[name]
}
