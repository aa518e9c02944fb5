// Fields of canonical objects: exactly those that an object has, each of its type and in its range (DAT-010 to DAT-013,
// DAT-016).

package main

import (
	"encoding/hex"
	"regexp"
	"strings"
)

type fits = func(any) bool

var (
	memberForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,63}$`)
	nameForm   = regexp.MustCompile(`^[a-z0-9][a-z0-9._/-]{0,127}$`)
)

func check(holds bool, expected string, got any) {
	refuseUnless(holds, "wire.bad_field", expected, got)
}

func integerIn(value any) (int64, bool) { // within +-encoding.integer
	number, is := value.(int64)
	return number, is && -integerLimit <= number && number <= integerLimit
}

func isInteger(value any) bool { _, is := integerIn(value); return is }

func isCount(value any) bool { // DAT-013
	number, is := integerIn(value)
	return is && number >= 0
}

func isText(value any) bool { _, is := value.(string); return is }

func isMember(value any) bool { // DAT-010
	text, is := value.(string)
	return is && memberForm.MatchString(text)
}

func isName(value any) bool { // DAT-011
	text, is := value.(string)
	return is && nameForm.MatchString(text)
}

func isHex(lengths ...int) fits { // DAT-012; without lengths any
	return func(value any) bool {
		text, is := value.(string)
		if !is || len(text)%2 != 0 {
			return false
		}
		known := len(lengths) == 0
		for _, one := range lengths {
			known = known || len(text) == 2*one
		}
		return known && strings.Trim(text, hexDigits) == ""
	}
}

var (
	isHash      = isHex(32)
	isSignature = isHex(32, 64)
	isBytes     = isHex()
)

func isSuite(value any) bool { return value == "intl" || value == "gm" || value == "stub" } // DAT-016
func isObject(value any) bool {
	_, is := value.(object)
	return is
}
func isList(value any) bool {
	_, is := value.(list)
	return is
}
func anything(any) bool { return true }

// shaped is an object with exactly these fields; the object itself, for what is checked next (DAT-013).
func shaped(value any, fields map[string]fits) object {
	members, is := value.(object)
	keys := sortedKeys(fields)
	check(is && len(members) == len(keys), strings.Join(keys, ", "), "other members")
	for _, key := range keys {
		member, has := members[key]
		check(has && fields[key](member), "a proper "+key, member)
	}
	return members
}

func ascending(names []string) bool {
	for at := 1; at < len(names); at++ {
		if names[at-1] >= names[at] {
			return false
		}
	}
	return true
}

// fromHex reads what isHex has let through.
func fromHex(text string) []byte {
	data, fault := hex.DecodeString(text)
	check(fault == nil, "hex", text)
	return data
}

func toHex(data []byte) string { return hex.EncodeToString(data) }

func texts(values list) []string { // of a list of texts
	found := make([]string, len(values))
	for at, one := range values {
		found[at] = one.(string)
	}
	return found
}

func valuesOf(texts []string) list {
	found := make(list, len(texts))
	for at, one := range texts {
		found[at] = one
	}
	return found
}

func contains(names []string, name string) bool {
	for _, one := range names {
		if one == name {
			return true
		}
	}
	return false
}

func distinctTexts(names []string) bool {
	seen := map[string]bool{}
	for _, one := range names {
		seen[one] = true
	}
	return len(seen) == len(names)
}
