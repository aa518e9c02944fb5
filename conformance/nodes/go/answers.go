// What this node answers to each kind of vector (conformance/vectors/README.md).

package main

import "strings"

// ---- what a vector holds; a vector of another shape is a bad request (NOD-005)

func ask(holds bool, what string) {
	if !holds {
		trouble("bad_request", what)
	}
}

func asked[T any](value any, what string) T {
	found, is := value.(T)
	ask(is, what)
	return found
}

func askObject(value any) object { return asked[object](value, "an object") }
func askList(value any) list     { return asked[list](value, "a list") }
func askText(value any) string   { return asked[string](value, "a text") }
func askNumber(value any) int64  { return asked[int64](value, "an integer") }
func askTexts(value any) []string {
	return mapped(askList(value), askText)
}

func askBytes(value any) []byte {
	ask(isBytes(value), "hex")
	return fromHex(value.(string))
}

func askAllBytes(value any) [][]byte { return mapped(askList(value), askBytes) }

// given is the bytes of a case: a text, hex, or parts [text, how often].
func given(input object) []byte {
	if input["hex"] != nil {
		return askBytes(input["hex"])
	}
	if input["parts"] == nil {
		return []byte(askText(input["text"]))
	}
	out, size := strings.Builder{}, int64(0)
	for _, one := range askList(input["parts"]) {
		part := askList(one)
		ask(len(part) == 2, "a text and how often")
		text, times := askText(part[0]), askNumber(part[1])
		ask(0 <= times && times <= 1<<26, "how often")
		size += int64(len(text)) * times
		ask(size <= 1<<26, "fewer bytes")
		out.WriteString(strings.Repeat(text, int(times)))
	}
	return []byte(out.String())
}

func programOf(value any) *Program { // as a case has it, or already loaded by the verifier
	if loaded, is := value.(*Program); is {
		return loaded
	}
	input := askObject(value)
	retired := []string{}
	if input["retired"] != nil {
		retired = askTexts(input["retired"])
	}
	return loadProgram(mapped(askList(input["modules"]), moduleOf), retired)
}

func askMembers(value any) (membership Membership) { // what is judged stands among them; they are not judged
	ask(attempt(func() { membership = readMembers(value) }) == nil, "members")
	return membership
}

func knownIn(input object) (*Known, Membership) {
	membership := askMembers(input["members"])
	channel, suite := input["channel"], input["suite"]
	if tip, is := input["tip"].(object); is {
		channel, suite = tip["channel"], tip["suite"]
	}
	known := knownOf(askText(channel), askText(suite), membership)
	for _, one := range askList(input["nonces"]) {
		pair := askList(one)
		ask(len(pair) == 2, "a sender and its next nonce")
		known.nonces[askText(pair[0])] = askNumber(pair[1])
	}
	return known, membership
}

// ---- kinds

var answers = map[string]func(input object) object{
	"json.canonical":     answerCanonical,
	"json.decode":        answerDecode,
	"digest":             answerDigest,
	"merkle.root":        answerRoot,
	"merkle.inclusion":   answerInclusion,
	"merkle.consistency": answerConsistency,
	"statemap.root":      answerStateRoot,
	"statemap.proof":     answerStateProof,
	"sig.verify":         answerSignature,
	"key.enrol":          answerKey,
	"genesis.check":      answerGenesis,
	"tx.check":           answerTransaction,
	"block.check":        answerBlock,
	"cert.check":         answerCertificate,
	"receipts.root":      answerReceipts,
	"contract.program":   answerProgram,
	"contract.step":      answerStep,
	"contract.deploy":    answerDeploy,
	"access.decide":      answerDecide,
	"access.view":        answerView,
}

func answerCanonical(input object) object {
	value, has := input["value"]
	ask(has, "a value")
	return object{"text": string(encode(value))}
}

func answerDecode(input object) object {
	return object{"value": decode(given(input), blockBytes, depthLimit)}
}

func answerRoot(input object) object {
	return object{"root": toHex(merkleRoot(askAllBytes(input["leaves"])))}
}

func answerReceipts(input object) object {
	return object{"root": receiptsRoot(askList(input["receipts"]))}
}

func answerDigest(input object) object {
	return object{"digest": toHex(digest(askText(input["tag"]), askBytes(input["bytes"])))}
}

func answerInclusion(input object) object {
	proof := askAllBytes(input["proof"])
	verifyInclusion(askBytes(input["leaf"]), askNumber(input["index"]), askNumber(input["size"]), proof,
		askBytes(input["root"]))
	return object{}
}

func answerConsistency(input object) object {
	sizes, roots := mapped(askList(input["sizes"]), askNumber), askAllBytes(input["roots"])
	ask(len(sizes) == 2 && len(roots) == 2, "two sizes and roots")
	verifyConsistency(sizes[0], sizes[1], askAllBytes(input["proof"]), roots[0], roots[1])
	return object{}
}

func answerStateRoot(input object) object {
	values := map[string][]byte{}
	for _, one := range askList(input["entries"]) {
		pair := askAllBytes(one)
		ask(len(pair) == 2, "a key and a value")
		values[string(pair[0])] = pair[1]
	}
	return object{"root": toHex(stateRoot(stateEntries(values)))}
}

func answerStateProof(input object) object {
	var value []byte
	if input["value"] != nil {
		value = append([]byte{}, askBytes(input["value"])...)
	}
	verifyState(askBytes(input["key"]), value, input["proof"], askBytes(input["root"]))
	return object{}
}

func answerSignature(input object) object {
	suite, pub := askText(input["suite"]), askBytes(input["pub"])
	good := verifies(suite, pub, askBytes(input["digest"]), askBytes(input["signature"]))
	refuseUnless(good, "bad_signature", "a signature of this key", "another")
	return object{}
}

func answerKey(input object) object {
	checkKey(askText(input["suite"]), askBytes(input["pub"]))
	return object{}
}

func answerGenesis(input object) object {
	genesis := checkGenesis(given(input), askTexts(input["suites"]))
	return object{"id": genesis.id(), "membership": genesis.membership.digest()}
}

func answerTransaction(input object) object {
	transaction := readTransaction(given(input))
	known, _ := knownIn(input)
	known.judge(transaction)
	return object{"id": transaction.id}
}

func answerBlock(input object) object {
	block, tip := readBlock(given(input)), askObject(input["tip"])
	known, membership := knownIn(input)
	block.judge(Tip{
		askText(tip["id"]), askNumber(tip["height"]), askNumber(tip["time"]), askText(tip["receipts_root"]),
		askText(tip["state_root"]),
	}, membership, known)
	return object{"id": block.id}
}

func answerCertificate(input object) object {
	var data []byte
	if text, has := input["text"]; !has || text != nil {
		data = append([]byte{}, given(input)...)
	}
	checkCertificate(data, Decided{
		channel: askText(input["channel"]), suite: askText(input["suite"]), block: askText(input["block"]),
		engine: askText(input["engine"]),
		kind:   askText(input["kind"]), height: askNumber(input["height"]), membership: askMembers(input["members"]),
	})
	return object{}
}

func answerProgram(input object) object {
	program, ids := programOf(input), list{}
	for _, one := range program.modules {
		ids = append(ids, object{"id": one.id(), "name": one.name, "version": one.version})
	}
	return object{"ids": ids}
}

func answerStep(input object) object {
	program := programOf(input["program"])
	world := readSnapshot(input["ledger"]).consistent(program)
	if input["command"] == nil {
		return advance(program, world, askNumber(input["advance"])).value()
	}
	m := askObject(input["command"])
	order := Order{contract: askText(m["contract"]), action: askText(m["action"]), signers: askTexts(m["signers"])}
	if m["instance"] != nil {
		id := askNumber(m["instance"])
		order.instance = &id
	}
	for _, one := range askList(m["arguments"]) {
		pair := askList(one)
		ask(len(pair) == 2, "a name and a value")
		order.arguments = append(order.arguments, Given{askText(pair[0]), pair[1]})
	}
	return command(program, world, order).value()
}

func answerDeploy(input object) object {
	program := programOf(input["program"])
	world := readSnapshot(input["ledger"]).consistent(program)
	arriving := mapped(askList(input["deploy"]), moduleOf)
	_, changes := deploy(program.modules, arriving, world, sortedKeys(program.retired))
	return changes.value()
}

func answerDecide(input object) object {
	program, m := programOf(input["program"]), askObject(input["read"])
	world := readSnapshot(input["ledger"]).consistent(program)
	verdicts, changes, code := readRecord(program, world, Request{
		contract: askText(m["contract"]), record: askNumber(m["record"]), fields: askTexts(m["fields"]),
		signers: askTexts(m["signers"]),
		purpose: m["purpose"],
	})
	told := list{}
	for _, one := range verdicts {
		told = append(told, one.value())
	}
	answer := object{"verdicts": told, "changes": changes.value(), "code": nil}
	if code != "" {
		answer["code"] = bare(code)
	}
	return answer
}

func answerView(input object) object {
	program, m := programOf(input["program"]), askObject(input["view"])
	world := readSnapshot(input["ledger"]).consistent(program)
	return object{"values": viewCell(program, world, Cell{
		askText(m["policy"]), askText(m["view"]), askList(m["cell"]), askTexts(m["signers"]),
	})}
}

// answerVector gives the output of a kind that is known, or refuses; codes in contracts and access stand without their
// area.
func answerVector(kind string, input object) (output object, code string) {
	refused := attempt(func() { output = answers[kind](input) })
	if refused == nil {
		return output, ""
	}
	if strings.HasPrefix(kind, "contract.") || strings.HasPrefix(kind, "access.") {
		return nil, bare(refused.code)
	}
	return nil, refused.code
}
