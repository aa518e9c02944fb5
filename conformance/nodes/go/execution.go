// What a decided block does to the state, transaction by transaction, and the receipts that say so (spec/data.md, part
// 10; spec/contract.md, part 7).

package main

const ( // of spec/limits.toml
	packageModules = 64
	commandText    = 256
	commandListed  = 256
)

// Setting is what a transaction meets beside the state.
type Setting struct {
	members      Membership // in force at the height
	engine       string
	open         bool
	height, time int64
}

// openGenesis is the state before block 1 (DAT-080).
func openGenesis(genesis *Genesis) *Draft {
	draft := newDraft(newState(map[string][]byte{}, nil))
	draft.write("clock", genesis.time)
	for _, payload := range genesis.directory {
		enrol(draft, payload)
	}
	return draft
}

// execute is the draft of the state after a block, and its receipts (DAT-110, DAT-111).
func execute(state *StateMap, block *Block, here Setting) (*Draft, list) {
	draft, receipts := newDraft(state), list{}
	receipts = letTimeAct(draft, block.time, receipts)
	for _, one := range block.transactions {
		receipts = letTimeAct(draft, block.time, receipts)
		receipts = append(receipts, carryOut(draft, one, here))
	}
	return draft, receipts
}

func letTimeAct(draft *Draft, time int64, receipts list) list {
	world := LedgerWorld{draft}
	changes := advance(programIn(draft), world, time)
	world.apply(changes)
	if len(changes.events) == 0 {
		return receipts
	}
	return append(receipts, object{"events": changes.events, "kind": "time"})
}

func nonceOf(draft *Draft, sender string) int64 { return draft.number("nonce/" + sender) } // DAT-112

func carryOut(draft *Draft, t *Transaction, here Setting) object {
	draft.write("nonce/"+t.sender(), nonceOf(draft, t.sender())+1) // DAT-071
	draft.mark()
	events, code := list{}, ""
	refused := attempt(func() {
		switch t.kind {
		case "command":
			events = carryCommand(draft, t)
		case "deploy":
			events = carryDeployment(draft, t, here.members)
		case "directory":
			mustBeApproved(t.signers, here.members)
			enrol(draft, t.payload)
		case "membership":
			events = carryMembership(draft, t, here)
		case "read":
			events, code = carryRead(draft, t, here.time)
		case "record":
			events = carryRecord(draft, t, here.time)
		}
	})
	if refused != nil {
		draft.back()
		return object{"kind": t.kind, "tx": t.id, "code": refused.code, "status": "refused"}
	}
	if code != "" {
		return object{"kind": t.kind, "tx": t.id, "code": code, "events": events, "status": "refused"}
	}
	return object{"kind": t.kind, "tx": t.id, "events": append(list{}, events...), "status": "applied"}
}

func textUpTo(most int) fits { // in bytes
	return func(value any) bool {
		text, is := value.(string)
		return is && len(text) <= most
	}
}

func listUpTo(most int, each fits) fits {
	return func(value any) bool {
		items, is := value.(list)
		if !is || len(items) > most {
			return false
		}
		for _, one := range items {
			if !each(one) {
				return false
			}
		}
		return true
	}
}

func isArgument(value any) bool {
	_, truth := value.(bool)
	return value == nil || truth || isInteger(value) || isText(value) ||
		listUpTo(commandListed, textUpTo(commandText))(value)
}

func carryCommand(draft *Draft, t *Transaction) list { // CTR-D02
	text := textUpTo(commandText)
	payload := shaped(t.payload, map[string]fits{
		"action": text, "arguments": isList, "contract": text,
		"instance": func(id any) bool { return id == nil || isCount(id) },
	})
	arguments := payload["arguments"].(list)
	check(len(arguments) <= fieldsLimit, "fewer arguments", len(arguments))
	order := Order{contract: payload["contract"].(string), action: payload["action"].(string), signers: t.signers}
	for _, one := range arguments {
		argument := shaped(one, map[string]fits{"name": text, "value": isArgument})
		order.arguments = append(order.arguments, Given{argument["name"].(string), argument["value"]})
	}
	if id, is := payload["instance"].(int64); is {
		order.instance = &id
	}
	world := LedgerWorld{draft}
	changes := command(programIn(draft), world, order)
	world.apply(changes)
	return changes.events
}

func carryDeployment(draft *Draft, t *Transaction, membership Membership) list { // CTR-D03, CTR-D11
	mustBeApproved(t.signers, membership)
	wanted, retired := map[string]fits{"modules": isList}, []string{}
	if members, is := t.payload.(object); is && members["retired"] != nil {
		wanted["retired"] = listUpTo(packageModules, textUpTo(nodeNameBytes))
	}
	payload := shaped(t.payload, wanted)
	if payload["retired"] != nil {
		retired = texts(payload["retired"].(list))
	}
	check(ascending(retired), "ascending names", len(retired))
	given, least := payload["modules"].(list), 1
	if len(retired) > 0 {
		least = 0
	}
	check(len(given) >= least && len(given) <= packageModules, "1 to 64 modules", len(given))
	arriving, world := mapped(given, moduleOf), LedgerWorld{draft}
	program, changes := deploy(programIn(draft).modules, arriving, world, nil)
	for _, module := range arriving {
		if module.kind == "schema" {
			directoryFits(draft, program)
		}
	}
	for _, name := range retired {
		refuseUnless(program.contracts[name] != nil, "contract.unknown_name", "a contract", name)
	}
	for _, module := range arriving {
		draft.write(moduleKey(module), module.raw)
		if draft.get(retiredKey(module.name)) != nil {
			draft.put(retiredKey(module.name), nil)
		}
	}
	for _, name := range retired {
		draft.write(retiredKey(name), true)
	}
	world.apply(changes)
	return changes.events
}

func mustBeApproved(signers []string, membership Membership) { // DAT-072
	signed, total := membership.weighed(signers)
	refuseUnless(isQuorum(signed, total), "member.too_few_approvals", "more than two thirds", signed)
}
