// The directory: who and what is enrolled (spec/contract.md, CTR-D01, CTR-D07).

package main

import (
	"sort"
	"strings"
)

const ( // of spec/limits.toml
	directoryNodes = 256
	nodeNameBytes  = 128 // identifier.name_chars, which CTR-D01 counts in bytes
)

func isNodeName(value any) bool {
	text, is := value.(string)
	return is && text != "" && len(text) <= nodeNameBytes && !strings.Contains(text, "\x00")
}

func isAttribute(value any) bool {
	_, truth := value.(bool)
	return truth || isInteger(value) || isText(value) || listUpTo(nodeNameBytes, textUpTo(nodeNameBytes))(value)
}

// enrol carries out a payload of kind directory, or an entry of the genesis.
func enrol(draft *Draft, payload any) {
	nodes := shaped(payload, map[string]fits{"nodes": isList})["nodes"].(list)
	check(len(nodes) >= 1 && len(nodes) <= directoryNodes, "1 to 256 nodes", len(nodes))
	for _, one := range nodes { // all are read before any is judged
		readNode(one)
	}
	for _, one := range nodes {
		node := one.(object)
		name := node["name"].(string)
		known, is := draft.read(nodeKey(name)).(list)
		refuseUnless(!is || known[0] == node["kind"], "member.bad_attribute", "the kind it has", node["kind"])
		draft.write(nodeKey(name), list{node["kind"], node["parent"], attributePairs(node["attributes"].(list))})
		hasAnEnd(draft, name)
	}
	world, program := LedgerWorld{draft}, programIn(draft)
	for _, one := range nodes {
		name := one.(object)["name"].(string)
		refuseUnless(typesFit(program, world, world.Node(name)), "member.bad_attribute", "the types of its schema",
			name)
	}
	draft.write("directory", directoryDigest(draft))
}

func readNode(value any) {
	isParent := func(one any) bool { return one == nil || isNodeName(one) }
	node := shaped(value, map[string]fits{"attributes": isList, "kind": isNodeName, "name": isNodeName,
		"parent": isParent})
	attributes, names := node["attributes"].(list), []string{}
	check(len(attributes) <= nodeNameBytes, "fewer attributes", len(attributes))
	for _, one := range attributes {
		attribute := shaped(one, map[string]fits{"name": isNodeName, "value": isAttribute})
		names = append(names, attribute["name"].(string))
	}
	check(distinctTexts(names), "each attribute once", "one twice")
}

func attributePairs(attributes list) list { // ascending by name
	pairs := list{}
	for _, one := range attributes {
		pairs = append(pairs, list{one.(object)["name"], one.(object)["value"]})
	}
	sort.Slice(pairs, func(a, b int) bool { return pairs[a].(list)[0].(string) < pairs[b].(list)[0].(string) })
	return pairs
}

func hasAnEnd(draft *Draft, start string) { // the way up from a node
	seen := []string{start}
	above, _ := draft.read(nodeKey(start)).(list)
	for above[1] != nil {
		parent := above[1].(string)
		seen = append(seen, parent)
		next, is := draft.read(nodeKey(parent)).(list)
		ends := is && len(seen) <= treeDepth && distinctTexts(seen)
		refuseUnless(ends, "member.bad_attribute", "an enrolled parent and a way up that ends", parent)
		above = next
	}
}

func typesFit(program *Program, world World, node *Node) bool { // CTR-D07
	kind := program.kinds[node.kind]
	if kind == nil {
		return true
	}
	for _, one := range kind.attributes {
		if !conforms(node.attributes[one.name], typeOr(one.typeText), program, world) {
			return false
		}
	}
	return true
}

// directoryFits holds everything that is enrolled against a schema that arrives (CTR-D07).
func directoryFits(draft *Draft, program *Program) {
	world := LedgerWorld{draft}
	for _, key := range draft.keys("node/") {
		fit := typesFit(program, world, world.Node(strings.TrimPrefix(key, "node/")))
		refuseUnless(fit, "contract.bad_package", "types that what is enrolled has", key)
	}
}
