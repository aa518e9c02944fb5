// Totals over records, with small cells hidden (spec/contract.md, CTR-S22, CTR-S23).

package main

import "sort"

// Cell asks for one cell of a view: a value for each path of its group, then the node to roll up to.
type Cell struct {
	policy, view string
	values       list
	signers      []string
}

func viewOfPolicy(p *Program, policy, name string) *View {
	if module := p.policies[policy]; module != nil {
		for _, one := range module.views {
			if one.name == name {
				return one
			}
		}
	}
	return nil
}

// viewCell is one number for each column (CTR-S22).
func viewCell(p *Program, world World, asked Cell) list {
	view := viewOfPolicy(p, asked.policy, asked.view)
	refuseUnless(view != nil, "contract.unknown_name", "a view", asked.view)
	paths, values := view.paths(), map[string]any{}
	fits := len(asked.values) == len(paths) && len(asked.signers) > 0
	for at, path := range paths {
		fits = fits && conforms(asked.values[at], typeOr(path.typeText), p, world)
		if fits {
			values[path.pathKey] = asked.values[at]
		}
	}
	refuseUnless(fits, "contract.bad_arguments", "a value for each path of the cell", len(asked.values))
	reader := asked.signers[0]
	node := world.Node(reader)
	place := &Place{program: p, world: world, now: world.Now(), signers: asked.signers, reader: reader, cell: values}
	told := node != nil && node.kind == view.to && place.holds(view.when)
	refuseUnless(told, "access.not_permitted", view.to, reader)
	rows := []row{}
	for _, one := range rowsOf(p, world, p.policies[asked.policy].of, view) {
		if equal(one.key, asked.values[:len(view.group)]) {
			rows = append(rows, one)
		}
	}
	hidden := int64(len(rows)) < view.k
	if view.rollup != nil {
		rows, hidden = rolledUp(world, rows, asked.values[len(paths)-1].(string), view.k)
	}
	refuseUnless(!hidden, "access.suppressed", "more instances", "fewer")
	shown := list{}
	for at, column := range view.show {
		sum := int64(0)
		for _, one := range rows {
			sum += one.numbers[at]
		}
		if column.op == "count" {
			sum = int64(len(rows))
		}
		shown = append(shown, sum)
	}
	return shown
}

type row struct {
	key     list
	node    string
	numbers []int64
}

func rowsOf(p *Program, world World, contract string, view *View) []row {
	rows := []row{}
	for _, id := range world.Instances(contract) {
		place := &Place{program: p, world: world, now: world.Now(), record: id}
		if !place.holds(view.where) {
			continue
		}
		one := row{key: list{}}
		for _, path := range view.group {
			one.key = append(one.key, place.evaluate(path))
		}
		if view.rollup != nil {
			one.node, _ = place.evaluate(view.rollup).(string)
		}
		for _, column := range view.show {
			number := int64(0)
			if column.path != nil {
				number, _ = place.evaluate(column.path).(int64)
			}
			one.numbers = append(one.numbers, number)
		}
		rows = append(rows, one)
	}
	return rows
}

// rolledUp is the rows at a node or below it, and whether its cell is hidden.
func rolledUp(world World, rows []row, node string, k int64) (below []row, hidden bool) {
	tree := treeOf(world, rows)
	hidden = tree.suppressed(k)[node] || (tree[node] == nil && k > 0)
	for _, one := range rows {
		if contains(lineOf(world, one.node), node) {
			below = append(below, one)
		}
	}
	return below, hidden
}

type branch struct {
	count, own int64 // instances at it or below, and at it
	children   map[string]bool
	root       bool
}

type tree map[string]*branch

func treeOf(world World, rows []row) tree { // nodes with rows at or below them
	t := tree{}
	for _, one := range rows {
		line := lineOf(world, one.node)
		for at, name := range line {
			if t[name] == nil {
				t[name] = &branch{children: map[string]bool{}, root: at == len(line)-1}
			}
			t[name].count++
			if at == 0 {
				t[name].own++
			} else {
				t[name].children[line[at-1]] = true
			}
		}
	}
	return t
}

func (t tree) suppressed(k int64) map[string]bool { // CTR-S23
	hidden := map[string]bool{}
	var hide, down func(name string)
	hide = func(name string) {
		hidden[name] = true
		for child := range t[name].children {
			hide(child)
		}
	}
	down = func(name string) {
		if hidden[name] {
			return
		}
		for _, child := range t.hiddenChildren(name, k) {
			hide(child)
		}
		for child := range t[name].children {
			down(child)
		}
	}
	for name, one := range t {
		if one.root && one.count < k {
			hide(name)
		}
	}
	for name, one := range t {
		if one.root {
			down(name)
		}
	}
	return hidden
}

func (t tree) hiddenChildren(name string, k int64) []string {
	type part struct {
		name  string
		count int64
	}
	parts := []part{}
	for child := range t[name].children {
		parts = append(parts, part{child, t[child].count})
	}
	if t[name].own > 0 {
		parts = append(parts, part{name, t[name].own})
	}
	sort.Slice(parts, func(a, b int) bool {
		return parts[a].count < parts[b].count || (parts[a].count == parts[b].count && parts[a].name < parts[b].name)
	})
	taken, sum := 0, int64(0)
	for taken < len(parts) && parts[taken].count < k {
		sum += parts[taken].count
		taken++
	}
	for taken > 0 && taken < len(parts) && sum < k { // one alone has fewer than k, so that two or more are hidden
		sum += parts[taken].count
		taken++
	}
	found := []string{}
	for _, one := range parts[:taken] {
		if one.name != name {
			found = append(found, one.name)
		}
	}
	return found
}
