// The index of records that are kept off the chain (spec/application.md, APP-007 to APP-009),
// and the chain of accesses, which decided requests to read take their place in (spec/contract.md, CTR-D08 to CTR-D10).

package main

import "fmt"

const recordKindBytes = 64 // record.kind_bytes of spec/limits.toml

func carryRecord(draft *Draft, t *Transaction, time int64) list {
	payload, is := t.payload.(object)
	check(is && len(payload) == 1, "one of entry, access", "another payload")
	if entry, has := payload["entry"]; has {
		return recordEntered(draft, entry, t.signers, time)
	}
	return recordAccessed(draft, shaped(payload, map[string]fits{"access": isObject})["access"], t.signers, time)
}

func recordKey(custodian, record string) string { return "record/" + custodian + "/" + record }

func recordEntered(draft *Draft, value any, signers []string, time int64) list { // APP-007
	entry := shaped(value, map[string]fits{"commitment": isHash, "custodian": isMember,
		"kind": textUpTo(recordKindBytes), "record": isName})
	custodian, record := entry["custodian"].(string), entry["record"].(string)
	refuseUnless(contains(signers, custodian), "member.not_authorized", "the custodian", custodian)
	key := recordKey(custodian, record)
	refuseUnless(draft.get(key) == nil, "tx.known", "another record", record)
	draft.write(key, object{"at": time, "commitment": entry["commitment"], "kind": entry["kind"]})
	return list{object{"custodian": custodian, "kind": "recorded", "record": record}}
}

func recordAccessed(draft *Draft, value any, signers []string, time int64) list { // APP-008
	access := shaped(value, map[string]fits{"custodian": isMember, "purpose": textUpTo(recordKindBytes),
		"reader": isMember, "record": isName})
	reader := access["reader"].(string)
	refuseUnless(contains(signers, reader), "member.not_authorized", "the reader", reader)
	known := draft.get(recordKey(access["custodian"].(string), access["record"].(string))) != nil
	refuseUnless(known, "query.not_found", "a record", access["record"])
	keepAccess(draft, object{
		"at": time, "custodian": access["custodian"], "purpose": access["purpose"], "reader": reader,
		"record": access["record"],
	})
	return list{object{"kind": "accessed", "purpose": access["purpose"], "reader": reader, "record": access["record"]}}
}

func keepAccess(draft *Draft, row object) {
	count := draft.number("accesses")
	draft.write("accesses", count+1)
	draft.write(fmt.Sprintf("access/%010d", count), row)
}

// carryRead is the events of a request, and the code where it is denied.
func carryRead(draft *Draft, t *Transaction, time int64) (list, string) {
	word := textUpTo(commandText)
	payload := shaped(t.payload, map[string]fits{
		"fields": listUpTo(fieldsLimit, word), "instance": isCount,
		"purpose": func(one any) bool { return one == nil || word(one) },
	})
	names := payload["fields"].(list)
	check(len(names) > 0, "a field", "none")
	request := Request{record: payload["instance"].(int64), purpose: payload["purpose"], signers: t.signers}
	for _, one := range names {
		request.fields = append(request.fields, one.(string))
	}
	world := LedgerWorld{draft}
	record := world.Instance(request.record)
	refuseUnless(record != nil, "contract.unknown_name", "an instance", request.record)
	request.contract = record.contract
	_, changes, code := readRecord(programIn(draft), world, request)
	world.apply(changes)
	var told any
	if code != "" {
		told = code
	}
	keepAccess(draft, object{
		"at": time, "code": told, "fields": payload["fields"], "instance": request.record,
		"purpose": request.purpose, "reader": t.sender(),
	})
	return changes.events, code
}
