// Queries: an operator's view of their own node (spec/node-protocol.md, part 4).

package main

import "strings"

const stateItems = 1000 // protocol.state_items of spec/limits.toml

// Query has the members that args must have, those it may have, and the answer.
type Query struct {
	required, optional map[string]fits
	answer             func(v *Voice, args object) any
}

var queries = map[string]Query{
	"tip": {answer: func(v *Voice, _ object) any { return v.chain.tip.value() }},
	// NOD-040
	"block": {required: map[string]fits{"height": isCount}, answer: queryBlock},
	// NOD-041
	"receipt": {required: map[string]fits{"tx_id": isHash}, answer: queryReceipt},
	// NOD-042
	"state": {optional: map[string]fits{"after": isBytes, "limit": isCount, "prefix": isBytes}, answer: queryState},
	// NOD-043
	"proof": {required: map[string]fits{"key": isBytes}, answer: queryProof},
	// NOD-044
	"members": {answer: func(v *Voice, _ object) any { return object{"members": v.chain.membership.value} }},
	// NOD-045
	"evidence": {answer: func(v *Voice, _ object) any { return object{"evidence": v.accused} }},
	// NOD-046
}

func (v *Voice) query(path string, args object) object { // NOD-017, NOD-048
	query, known := queries[path]
	refuseUnless(known, "query.unknown", "a path of part 4", path)
	shape := map[string]fits{}
	for name, one := range query.required {
		shape[name] = one
	}
	for name, one := range query.optional {
		if _, has := args[name]; has {
			shape[name] = one
		}
	}
	return object{"height": v.chain.tip.height, "value": query.answer(v, shaped(args, shape))}
}

func queryBlock(v *Voice, args object) any {
	decided := v.chain.blocks[args["height"].(int64)]
	refuseUnless(decided != nil, "query.not_found", "a block", args["height"])
	answer := object{"block": toHex(decided.block.bytes)}
	if decided.cert != nil {
		answer["cert"] = toHex(encode(decided.cert))
	}
	return answer
}

func queryReceipt(v *Voice, args object) any {
	answer := v.chain.receiptOf(args["tx_id"].(string))
	refuseUnless(answer != nil, "query.not_found", "a transaction", args["tx_id"])
	return answer
}

func queryState(v *Voice, args object) any {
	prefix, _ := args["prefix"].(string)
	after, behind := args["after"].(string)
	limit, limited := args["limit"].(int64)
	if !limited || limit > stateItems {
		limit = stateItems
	}
	items, more := list{}, false
	begin, last := string(fromHex(prefix)), string(fromHex(after))
	for _, key := range v.chain.state.keys {
		if !strings.HasPrefix(key, begin) || (behind && key <= last) {
			continue
		}
		if int64(len(items)) == limit {
			more = true
			break
		}
		items = append(items, object{"key": toHex([]byte(key)), "value": toHex(v.chain.state.values[key])})
	}
	return object{"items": items, "more": more, "state_root": v.chain.tip.stateRoot}
}

func queryProof(v *Voice, args object) any {
	key := fromHex(args["key"].(string))
	answer := object{"proof": proveState(stateEntries(v.chain.state.values), key)}
	if value := v.chain.state.values[string(key)]; value != nil {
		answer["value"] = toHex(value)
	}
	return answer
}
