// Who may read what (spec/contract.md, CTR-S18 to CTR-S21).

package main

import "strings"

// Request asks for fields, or groups of fields, of a record; the first signer reads.
type Request struct {
	contract        string
	record          int64
	fields, signers []string
	purpose         any // a text, or nil for none
}

// Verdict is what is said about one field.
type Verdict struct {
	field, outcome   string
	permits, forbids []string
	nearest          any
}

func (v Verdict) value() object {
	return object{
		"field": v.field, "outcome": v.outcome, "permits": valuesOf(v.permits), "forbids": valuesOf(v.forbids),
		"nearest": v.nearest,
	}
}

func bare(code string) string { return code[strings.Index(code, ".")+1:] }

// readRecord decides, and says what the request leaves behind and the code with which it is refused, if it is (CTR-S20,
// CTR-S21).
func readRecord(p *Program, world World, request Request) (verdicts []Verdict, changes *Changes, code string) {
	record := recordOf(world, request)
	step := &Step{p, newOverlay(world), world.Now(), request.signers}
	refused := attempt(func() {
		verdicts = decide(p, world, record, request)
		for _, one := range verdicts {
			if one.outcome != "allow" {
				code = "access." + one.outcome
				return
			}
		}
		step.createDuties(record, request, verdicts)
	})
	if refused != nil {
		code, step = refused.code, step.on(newOverlay(world))
	}
	fields := list{}
	for _, one := range verdicts {
		fields = append(fields, list{one.field, one.outcome})
	}
	var told any
	if code != "" {
		told = bare(code)
	}
	step.emit("read", record, object{
		"reader": request.signers[0], "signers": valuesOf(request.signers), "purpose": request.purpose,
		"fields": fields, "code": told,
	})
	return verdicts, step.overlay.changes(step.now), code
}

func recordOf(world World, request Request) *Instance {
	found := world.Instance(request.record)
	refuseUnless(found != nil && found.contract == request.contract, "contract.unknown_name", "a record",
		request.record)
	refuseUnless(len(request.signers) > 0, "contract.not_authorized", "a reader", "nobody")
	few := len(request.signers) <= contractSigners && len(request.fields) <= fieldsLimit
	refuseUnless(few, "contract.limit_exceeded", "fewer signers and fields", "more")
	return found
}

// Asked is a field and the group that it is in.
type Asked struct{ field, group string }

func decide(p *Program, world World, record *Instance, request Request) []Verdict { // CTR-S18, CTR-S19
	policy, reader := p.policyOf[request.contract], request.signers[0]
	if policy == nil {
		policy = &Module{}
	}
	asked := asksFor(policy.groups, request.fields)
	if request.purpose != nil {
		purpose, _ := request.purpose.(string)
		refuseUnless(contains(p.purposes, purpose), "contract.bad_arguments", "a purpose", purpose)
	}
	place := &Place{
		program: p, world: world, now: world.Now(), signers: request.signers, record: record.id, reader: reader,
		purpose: request.purpose,
	}
	groups := mapped(asked, func(one Asked) string { return one.group })
	node, judged := world.Node(reader), []judgedRule{}
	for _, rule := range policy.rules {
		if node != nil && rule.reader == node.kind && overlap(rule.groups, groups) {
			judged = append(judged, judgedRule{rule, lacking(rule, place)})
		}
	}
	return mapped(asked, func(one Asked) Verdict { return verdictOn(one, judged) })
}

func overlap(a, b []string) bool {
	for _, one := range a {
		if contains(b, one) {
			return true
		}
	}
	return false
}

func asksFor(groups []Group, names []string) []Asked { // each field once
	home := map[string]string{}
	for _, group := range groups {
		for _, field := range group.fields {
			home[field] = group.name
		}
	}
	asked, seen := []Asked{}, map[string]bool{}
	for _, name := range names {
		fields := []string{name}
		_, known := home[name]
		for _, group := range groups {
			if group.name == name {
				fields, known = group.fields, true
			}
		}
		refuseUnless(known, "contract.bad_arguments", "a field or group", name)
		for _, field := range fields {
			if !seen[field] {
				seen[field] = true
				asked = append(asked, Asked{field, home[field]})
			}
		}
	}
	return asked
}

type judgedRule struct {
	rule  *Rule
	lacks int
}

func lacking(rule *Rule, place *Place) int { // how much keeps a rule from matching, group and type apart
	missed := 0
	for _, one := range conjuncts(rule.when) {
		if !place.holds(one) {
			missed++
		}
	}
	purpose, is := place.purpose.(string)
	if !rule.anyPurpose && !(is && contains(rule.purposes, purpose)) {
		missed++
	}
	return missed
}

func verdictOn(asked Asked, judged []judgedRule) Verdict {
	verdict := Verdict{field: asked.field}
	permits := []judgedRule{}
	for _, one := range judged {
		switch {
		case !contains(one.rule.groups, asked.group):
		case one.rule.kind == "permit":
			permits = append(permits, one)
		case one.lacks == 0:
			verdict.forbids = append(verdict.forbids, one.rule.name)
		}
	}
	least := -1
	for _, one := range permits {
		allows := one.lacks == 0
		for _, name := range verdict.forbids {
			allows = allows && contains(one.rule.overrides, name)
		}
		if allows {
			verdict.permits = append(verdict.permits, one.rule.name)
		}
		if least < 0 || one.lacks < least {
			least, verdict.nearest = one.lacks, one.rule.name
		}
	}
	switch {
	case len(verdict.permits) > 0:
		verdict.outcome, verdict.forbids, verdict.nearest = "allow", nil, nil
	case len(verdict.forbids) > 0:
		verdict.outcome, verdict.nearest = "forbidden", nil
	default:
		verdict.outcome = "not_permitted"
	}
	return verdict
}

// createDuties begins what reading owes: for a field all whose permits have duties, these (CTR-S20).
func (s *Step) createDuties(record *Instance, request Request, verdicts []Verdict) {
	policy, owed := s.program.policyOf[request.contract], map[*Rule]bool{}
	if policy == nil {
		return
	}
	for _, verdict := range verdicts {
		rules, all := []*Rule{}, true
		for _, rule := range policy.rules {
			if contains(verdict.permits, rule.name) {
				rules, all = append(rules, rule), all && len(rule.duties) > 0
			}
		}
		for _, rule := range rules {
			owed[rule] = owed[rule] || all
		}
	}
	place := &Place{
		program: s.program, world: s.overlay, now: s.now, signers: s.signers, record: record.id,
		reader:  request.signers[0],
		purpose: request.purpose,
	}
	for _, rule := range policy.rules {
		if !owed[rule] {
			continue
		}
		for _, duty := range rule.duties {
			s.begin(duty.contract, duty.action, evaluated(duty.args, place), policy.name)
		}
	}
}
