// Reads JSON (RFC 8259) into values, also such as is not canonical: requests may hold blanks and keys in any order
// (NOD-003). encoding/json is not used, for it repairs what DAT-008 refuses: bytes that are no UTF-8, lone surrogates.

package main

import (
	"errors"
	"strconv"
	"unicode/utf8"
)

const frameDepth = 10000 // nesting of a request that is still read; far beyond what anything in it may have (NOD-003)

var errNoJSON = errors.New("no JSON in UTF-8")

type jsonReader struct {
	text []byte
	at   int
}

// readJSON gives the value of a JSON text nested at most so deep, or says that it is none.
func readJSON(text []byte, depth int) (value any, fault error) {
	if !utf8.Valid(text) {
		return nil, errNoJSON
	}
	r := &jsonReader{text: text}
	r.blanks()
	value, good := r.value(depth)
	r.blanks()
	if !good || r.at != len(text) {
		return nil, errNoJSON
	}
	return value, nil
}

func (r *jsonReader) blanks() {
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

func (r *jsonReader) peek() byte { // 0 at the end, which begins nothing
	if r.at < len(r.text) {
		return r.text[r.at]
	}
	return 0
}

func (r *jsonReader) take(c byte) bool {
	if r.peek() != c || r.at >= len(r.text) {
		return false
	}
	r.at++
	return true
}

func (r *jsonReader) word(word string) bool {
	if len(r.text)-r.at < len(word) || string(r.text[r.at:r.at+len(word)]) != word {
		return false
	}
	r.at += len(word)
	return true
}

func (r *jsonReader) value(depth int) (any, bool) {
	switch c := r.peek(); {
	case c == '{':
		return r.object(depth)
	case c == '[':
		return r.list(depth)
	case c == '"':
		return r.string()
	case c == 't':
		return true, r.word("true")
	case c == 'f':
		return false, r.word("false")
	case c == 'n':
		return nil, r.word("null")
	}
	return r.number()
}

func (r *jsonReader) list(depth int) (any, bool) {
	if depth == 0 {
		return nil, false
	}
	r.at++
	items := list{}
	r.blanks()
	if r.take(']') {
		return items, true
	}
	for {
		r.blanks()
		one, good := r.value(depth - 1)
		if !good {
			return nil, false
		}
		items = append(items, one)
		r.blanks()
		if r.take(']') {
			return items, true
		}
		if !r.take(',') {
			return nil, false
		}
	}
}

func (r *jsonReader) object(depth int) (any, bool) { // of members with one key the last counts
	if depth == 0 {
		return nil, false
	}
	r.at++
	members := object{}
	r.blanks()
	if r.take('}') {
		return members, true
	}
	for {
		r.blanks()
		key, good := r.string()
		r.blanks()
		if !good || !r.take(':') {
			return nil, false
		}
		r.blanks()
		one, good := r.value(depth - 1)
		if !good {
			return nil, false
		}
		members[key] = one
		r.blanks()
		if r.take('}') {
			return members, true
		}
		if !r.take(',') {
			return nil, false
		}
	}
}

func (r *jsonReader) string() (string, bool) {
	if !r.take('"') {
		return "", false
	}
	start := r.at
	for r.at < len(r.text) && r.text[r.at] != '"' && r.text[r.at] != '\\' && r.text[r.at] >= 0x20 {
		r.at++
	}
	if r.take('"') {
		return string(r.text[start : r.at-1]), true
	}
	out := append([]byte{}, r.text[start:r.at]...)
	for r.at < len(r.text) {
		c := r.text[r.at]
		r.at++
		switch {
		case c == '"':
			return string(out), true
		case c < 0x20:
			return "", false
		case c != '\\':
			out = append(out, c)
		default:
			var good bool
			if out, good = r.escape(out); !good {
				return "", false
			}
		}
	}
	return "", false
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (r *jsonReader) escape(out []byte) ([]byte, bool) {
	c := r.peek()
	r.at++
	if plain, is := escapes[c]; is {
		return append(out, plain), true
	}
	if c != 'u' {
		return out, false
	}
	first, good := r.unit()
	if !good {
		return out, false
	}
	if first >= 0xD800 && first < 0xDC00 {
		before := r.at
		if r.word(`\u`) {
			if second, good := r.unit(); good && second >= 0xDC00 && second < 0xE000 {
				return utf8.AppendRune(out, (first-0xD800)<<10+(second-0xDC00)+0x10000), true
			}
		}
		r.at = before
	}
	if first >= 0xD800 && first < 0xE000 { // alone: as bytes that are no UTF-8, so that nothing takes it for a text
		return append(out, 0xE0|byte(first>>12), 0x80|byte(first>>6)&0x3F, 0x80|byte(first)&0x3F), true
	}
	return utf8.AppendRune(out, first), true
}

func (r *jsonReader) unit() (rune, bool) { // four hex digits
	if len(r.text)-r.at < 4 {
		return 0, false
	}
	number := rune(0)
	for _, c := range r.text[r.at : r.at+4] {
		switch {
		case '0' <= c && c <= '9':
			number = number<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			number = number<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			number = number<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	r.at += 4
	return number, true
}

func (r *jsonReader) number() (any, bool) {
	start := r.at
	r.take('-')
	if !r.take('0') && !r.digits() {
		return nil, false
	}
	whole := true
	if r.take('.') {
		whole = false
		if !r.digits() {
			return nil, false
		}
	}
	if r.take('e') || r.take('E') {
		whole = false
		if !r.take('+') {
			r.take('-')
		}
		if !r.digits() {
			return nil, false
		}
	}
	text := string(r.text[start:r.at])
	if number, fault := strconv.ParseInt(text, 10, 64); whole && fault == nil {
		return number, true
	}
	return otherNumber(text), true
}

func (r *jsonReader) digits() bool {
	start := r.at
	for r.at < len(r.text) && '0' <= r.text[r.at] && r.text[r.at] <= '9' {
		r.at++
	}
	return r.at > start
}
