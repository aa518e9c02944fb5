// Canonical values (spec/data.md, part 2): the one way to write a value.
//
// In this program a value is nil, bool, int64, string, list or object. Whatever else a JSON text may hold stands in it
// so that it cannot be written again: a number that is no integer as otherNumber, a lone surrogate as bytes that are
// not UTF-8.

package main

import (
	"bytes"
	"sort"
	"strconv"
	"unicode/utf8"
)

type (
	object      = map[string]any
	list        = []any
	otherNumber string // a number with a fraction or exponent, or beyond 64 bits
)

const (
	depthLimit   = 128       // encoding.depth of spec/limits.toml
	integerLimit = 1<<53 - 1 // encoding.integer
	noDepth      = 1 << 30   // for what is only compared or told, not hashed
)

func notCanonical(expected string) {
	refuse("wire.not_canonical", expected, "other bytes")
}

// encode gives the canonical bytes of a value (DAT-001 to DAT-007).
func encode(value any) []byte { return appendValue(nil, value, depthLimit) }

func encodeWithin(value any, depth int) []byte { return appendValue(nil, value, depth) }

func appendValue(out []byte, value any, depth int) []byte {
	switch one := value.(type) {
	case nil:
		return append(out, "null"...)
	case bool:
		return strconv.AppendBool(out, one)
	case int64:
		if one > integerLimit || one < -integerLimit { // DAT-003
			notCanonical("an integer within 2^53 - 1")
		}
		return strconv.AppendInt(out, one, 10)
	case string:
		return appendText(out, one)
	case list:
		return appendList(out, one, depth)
	case object:
		return appendObject(out, one, depth)
	}
	notCanonical("a value") // DAT-004
	return nil
}

func appendList(out []byte, items list, depth int) []byte {
	if depth == 0 { // DAT-007
		notCanonical("shallower nesting")
	}
	out = append(out, '[')
	for at, one := range items {
		if at > 0 {
			out = append(out, ',')
		}
		out = appendValue(out, one, depth-1)
	}
	return append(out, ']')
}

func appendObject(out []byte, members object, depth int) []byte {
	if depth == 0 { // DAT-007
		notCanonical("shallower nesting")
	}
	out = append(out, '{')
	for at, key := range sortedKeys(members) { // DAT-002
		if at > 0 {
			out = append(out, ',')
		}
		for i := 0; i < len(key); i++ {
			if key[i] >= utf8.RuneSelf { // DAT-005
				notCanonical("keys in ASCII")
			}
		}
		out = appendText(out, key)
		out = append(out, ':')
		out = appendValue(out, members[key], depth-1)
	}
	return append(out, '}')
}

const hexDigits = "0123456789abcdef"

func appendText(out []byte, text string) []byte {
	if !utf8.ValidString(text) { // DAT-006
		notCanonical("a text without lone surrogates")
	}
	out = append(out, '"')
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c >= 0x20:
			out = append(out, c)
		case c == '\b':
			out = append(out, '\\', 'b')
		case c == '\t':
			out = append(out, '\\', 't')
		case c == '\n':
			out = append(out, '\\', 'n')
		case c == '\f':
			out = append(out, '\\', 'f')
		case c == '\r':
			out = append(out, '\\', 'r')
		default:
			out = append(out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(out, '"')
}

// decode gives the value that bytes stand for: read, write again, compare (DAT-008).
func decode(data []byte, longest, depth int) any {
	refuseUnless(len(data) <= longest, "wire.too_large", "at most "+strconv.Itoa(longest)+" bytes",
		len(data)) // DAT-009
	value, fault := readJSON(data, depth)
	if fault != nil {
		notCanonical("JSON in UTF-8")
	}
	if !bytes.Equal(encodeWithin(value, depth), data) {
		notCanonical("the one way to write this value")
	}
	return value
}

// equal says whether two values are the same.
func equal(a, b any) bool {
	switch one := a.(type) {
	case list:
		other, is := b.(list)
		if !is || len(one) != len(other) {
			return false
		}
		for at := range one {
			if !equal(one[at], other[at]) {
				return false
			}
		}
		return true
	case object:
		other, is := b.(object)
		if !is || len(one) != len(other) {
			return false
		}
		for key, value := range one {
			if its, has := other[key]; !has || !equal(value, its) {
				return false
			}
		}
		return true
	}
	switch b.(type) {
	case list, object:
		return false
	}
	return a == b
}

func sortedKeys[V any](members map[string]V) []string {
	keys := make([]string, 0, len(members))
	for key := range members {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
