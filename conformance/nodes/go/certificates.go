// Commit certificates (spec/data.md, part 9).

package main

// Decided is what a certificate must be about.
type Decided struct {
	channel, suite, block, engine, kind string
	height                              int64
	membership                          Membership
}

// checkCertificate judges a certificate about a decided block (DAT-100 to DAT-106); nil bytes: there is none.
func checkCertificate(data []byte, about Decided) {
	if data == nil {
		refuseUnless(about.engine == "solo", "consensus.missing_certificate", "a certificate", "none")
		return
	}
	given := shaped(decode(data, blockBytes, depthLimit), map[string]fits{
		"block": isHash, "channel": isName, "height": isCount, "kind": isName, "profile": isName, "round": isCount,
		"signatures": isList,
		"suite":      isSuite,
	})
	signatures := given["signatures"].(list)
	check(len(signatures) <= membersLimit, "at most 128 signatures", len(signatures))
	names := []string{}
	for _, one := range signatures {
		names = append(names, shaped(one, voteShape)["member"].(string))
	}
	check(ascending(names), "signers in order, nobody twice", "another order")
	fit := func(code, expected string, got any) { refuseUnless(got == expected, code, expected, got) }
	fit("consensus.wrong_channel", about.channel, given["channel"])
	fit("consensus.wrong_suite", about.suite, given["suite"])
	refuseUnless(given["height"] == about.height, "consensus.wrong_height", "the height in question", given["height"])
	fit("consensus.wrong_block", about.block, given["block"])
	fit("consensus.wrong_kind", about.engine, given["profile"])
	fit("consensus.wrong_kind", about.kind, given["kind"])
	able := about.membership.validators()
	for _, name := range names {
		_, is := able[name]
		refuseUnless(is, "consensus.unknown_signer", "a validator", name) // DAT-103
	}
	for at, name := range names {
		vote := object{ // DAT-101
			"body": object{"value": given["block"]}, "channel": about.channel, "from": name, "height": about.height,
			"kind":  about.kind,
			"round": given["round"], "suite": about.suite,
		}
		message := digest("yilian/"+about.engine+"/"+about.kind+"/v1", encode(vote))
		signature := fromHex(signatures[at].(object)["signature"].(string))
		refuseUnless(verifies(about.suite, able[name].pub, message, signature), "consensus.bad_signature",
			"a signature of", name) // DAT-104
	}
	signed, total := about.membership.weighed(names)
	refuseUnless(isQuorum(signed, total), "consensus.no_quorum", "more than two thirds", signed) // DAT-105
}

var voteShape = map[string]fits{"member": isMember, "signature": isSignature}
