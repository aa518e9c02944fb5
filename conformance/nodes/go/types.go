// The types of the contract language (spec/contract.md, part 5): their text, their ranges, and which values are of
// them.

package main

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

const ( // section contract of spec/limits.toml
	nameCharacters  = 64
	moneyLimit      = 10000000000000
	timeLimit       = 253402300799
	durationLimit   = 316224000000
	statesLimit     = 64
	clausesLimit    = 32
	nodesLimit      = 256
	callDepth       = 4
	treeDepth       = 8
	setMembersLimit = 64
	someMatches     = 256
	fieldsLimit     = 128
	effectsLimit    = 32
	contractSigners = 64
)

const nameText = `[A-Za-z_\x{4e00}-\x{9fff}][0-9A-Za-z_\x{4e00}-\x{9fff}]*`

var (
	wholeName = regexp.MustCompile(`^` + nameText + `$`)
	namedType = regexp.MustCompile(`^(party|enum|entity|contract|state|set) (` + nameText + `)$`)
	intText   = regexp.MustCompile(`^int (0|-?[1-9][0-9]{0,15})\.\.(0|-?[1-9][0-9]{0,15})$`)
	codeForm  = regexp.MustCompile(`^[A-Za-z0-9.:_-]{1,64}$`)
	hashForm  = regexp.MustCompile(`^[0-9a-f]{64}$`)
	plain     = []string{"bool", "code", "hash", "money", "time", "purpose", "duration", "party"}
)

func isWordName(text string) bool { // CTR-L1
	return wholeName.MatchString(text) && utf8.RuneCountInString(text) <= nameCharacters
}

// Type is what a text means as a type.
type Type struct {
	kind, name string
	low, high  int64
	optional   bool
	text       string
}

var knownTypes = map[string]*Type{}

// parseType reads a type; nil if the text means none.
func parseType(text string) *Type {
	found, known := knownTypes[text]
	if !known {
		if len(knownTypes) >= 4096 { // so that no input makes it grow for ever
			clear(knownTypes)
		}
		found = readType(text)
		knownTypes[text] = found
	}
	return found
}

func readType(text string) *Type {
	bare, optional := strings.CutSuffix(text, "?")
	if contains(plain, bare) {
		high := int64(timeLimit)
		if bare == "money" {
			high = moneyLimit
		}
		return &Type{kind: bare, high: high, optional: optional, text: text}
	}
	if parts := intText.FindStringSubmatch(bare); parts != nil {
		low, _ := strconv.ParseInt(parts[1], 10, 64)
		high, _ := strconv.ParseInt(parts[2], 10, 64)
		if low < -integerLimit || high > integerLimit || low > high {
			return nil
		}
		return &Type{kind: "int", low: low, high: high, optional: optional, text: text}
	}
	if parts := namedType.FindStringSubmatch(bare); parts != nil {
		return &Type{kind: parts[1], name: parts[2], optional: optional, text: text}
	}
	return nil
}

// noType stands for a type that could not be read until whoever declares it is refused; nothing is of it.
var noType = &Type{}

func typeOr(text string) *Type {
	if found := parseType(text); found != nil {
		return found
	}
	return noType
}

func (t *Type) present() *Type {
	if !t.optional {
		return t
	}
	return typeOr(strings.TrimSuffix(t.text, "?"))
}

func (t *Type) ordered() bool { return t.kind == "int" || t.kind == "money" || t.kind == "time" }

func (t *Type) element() *Type { // of a set
	if t.name == "purpose" {
		return parseType("purpose")
	}
	return parseType("enum " + t.name)
}

func intType(low, high int64) *Type {
	return &Type{kind: "int", low: low, high: high, text: "int " + strconv.FormatInt(low,
		10) + ".." + strconv.FormatInt(high, 10)}
}

// comparableTypes says whether == may stand between two types (CTR-T1).
func comparableTypes(left, right *Type) bool {
	if left.kind != right.kind || left.kind == "duration" {
		return false
	}
	return left.name == right.name || (left.kind == "party" && (left.name == "" || right.name == ""))
}

// assignable says whether a value of one type may be stored as the other (CTR-T1, CTR-S13).
func assignable(source, target *Type) bool {
	if source.kind != target.kind || (source.optional && !target.optional) {
		return false
	}
	return source.name == target.name || (target.kind == "party" && target.name == "")
}

func alwaysFits(source, target *Type) bool { // CTR-T8
	return assignable(source, target) && (source.kind != "int" ||
		(target.low <= source.low && source.high <= target.high))
}

// isSet: different words, ascending by their bytes.
func isSet(value any) bool {
	items, is := value.(list)
	if !is || len(items) > setMembersLimit {
		return false
	}
	for _, one := range items {
		if !isText(one) {
			return false
		}
	}
	return ascending(texts(items))
}

// isWord: a word of a type whose words do not depend on the directory.
func isWord(value string, t *Type, program *Program) bool {
	switch t.kind {
	case "code":
		return codeForm.MatchString(value)
	case "hash":
		return hashForm.MatchString(value)
	case "purpose":
		return contains(program.purposes, value)
	case "enum":
		return contains(program.enums[t.name], value)
	}
	return false
}

// conforms says whether an argument is of a type, in its range, and names something that exists (CTR-S7).
func conforms(value any, t *Type, program *Program, world World) bool {
	if value == nil {
		return t.optional
	}
	text, named := value.(string)
	switch t.kind {
	case "bool":
		_, is := value.(bool)
		return is
	case "int", "money", "time":
		number, is := integerIn(value)
		return is && t.low <= number && number <= t.high
	case "contract":
		id, is := integerIn(value)
		if !is {
			return false
		}
		found := world.Instance(id)
		return found != nil && found.contract == t.name
	case "set":
		if !isSet(value) {
			return false
		}
		for _, one := range value.(list) {
			if !conforms(one, t.element(), program, world) {
				return false
			}
		}
		return true
	case "entity", "party":
		if !named {
			return false
		}
		node := world.Node(text)
		if node == nil {
			return false
		}
		if t.kind == "entity" {
			return node.kind == t.name
		}
		return program.parties[node.kind] && (t.name == "" || t.name == node.kind)
	}
	return named && isWord(text, t, program)
}
