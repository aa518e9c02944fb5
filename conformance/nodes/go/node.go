// A process that speaks the node protocol, one JSON object a line (spec/node-protocol.md, parts 1 and 2). It reads no
// clock, disk, network or chance: all of that is the kit's (NET-010).

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime/debug"
	"strings"
)

const ( // section protocol of spec/limits.toml
	lineBytes      = 8388608
	instancesLimit = 64
	windowLimit    = 64
	troubleText    = 200 // characters of what an err tells
)

var (
	profiles   = []string{"solo/1", "tendermint/1"}
	packs      = []string{"access", "admission", "anchor", "claim", "drug", "family", "identity", "opendata", "referral", "reporting", "sharing", "surgery"}
	handleForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,15}$`)
)

func isHandle(value any) bool {
	text, is := value.(string)
	return is && handleForm.MatchString(text)
}

func isConfig(value any) bool { // NOD-011
	config, is := value.(object)
	shape := map[string]fits{
		"genesis": isBytes, "key": isHash, "params": isObject, "profile": isName, "seed": isHash, "self": isMember,
		"suite": isSuite,
	}
	for name, one := range shape {
		is = is && one(config[name])
	}
	return is
}

func isDisk(value any) bool {
	items, is := value.(list)
	for _, one := range items {
		write, good := one.(object)
		is = is && good && isText(write["key"]) && isBytes(write["value"])
	}
	return is
}

func maybe(one fits) fits { return func(value any) bool { return value == nil || one(value) } }

// Host is the instances of a process (NOD-012).
type Host struct{ voices map[string]*Voice }

// Operation has the members of its request with their types, and the answer.
type Operation struct {
	members map[string]fits
	answer  func(h *Host, request object) object
}

var operations map[string]Operation

func init() { // what hello lists is this table itself
	operations = map[string]Operation{
		"hello": {map[string]fits{"kit": isText, "protocol": isList, "schema": isHash}, (*Host).hello},
		"init":  {map[string]fits{"node": isHandle, "config": isConfig}, (*Host).init},
		"start": {map[string]fits{"node": isHandle, "now": isCount}, (*Host).start},
		"deliver": {map[string]fits{"node": isHandle, "from": isMember, "bytes": isBytes, "now": isCount},
			(*Host).deliver},
		"fire":   {map[string]fits{"node": isHandle, "timer": isName, "now": isCount}, (*Host).fire},
		"submit": {map[string]fits{"node": isHandle, "tx": isBytes, "now": isCount}, (*Host).submit},
		"query":  {map[string]fits{"node": isHandle, "path": isName, "args": maybe(isObject)}, (*Host).query},
		"crash":  {map[string]fits{"node": isHandle}, (*Host).crash},
		"recover": {map[string]fits{"node": isHandle, "config": isConfig, "disk": isDisk, "now": isCount},
			(*Host).recover},
		"vector": {map[string]fits{"kind": isName, "input": isObject}, (*Host).vector},
		"reset":  {nil, (*Host).reset},
		"bye":    {nil, func(*Host, object) object { return object{} }},
	}
}

func (h *Host) hello(request object) object { // NOD-010
	offered := false
	for _, one := range request["protocol"].(list) {
		offered = offered || one == int64(1)
	}
	if !offered {
		trouble("not_supported", "this node speaks major 1")
	}
	return object{
		"claims": valuesOf([]string{"L0", "L1", "L2", "L3"}), "language": "go", "name": "yilian-go",
		"ops":   valuesOf(sortedKeys(operations)),
		"packs": valuesOf(packs), "profiles": valuesOf(profiles), "protocol": int64(1), "suites": valuesOf(suitesOffered),
		"version": "0.1.0",
		"window":  int64(windowLimit),
	}
}

func (h *Host) made(request object) *Voice { // an instance by its config (NOD-011)
	handle, config := request["node"].(string), request["config"].(object)
	profile, suite, self := config["profile"].(string), config["suite"].(string), config["self"].(string)
	if h.voices[handle] != nil {
		trouble("duplicate_node", handle)
	}
	if !contains(profiles, profile) || !contains(suitesOffered, suite) {
		trouble("not_supported", "profile "+profile+" with suite "+suite)
	}
	for _, name := range sortedKeys(config["params"].(object)) {
		trouble("not_supported", "parameter "+name)
	}
	if len(h.voices) >= instancesLimit {
		trouble("bad_state", "as many instances as may stand")
	}
	return newVoice(fromHex(config["genesis"].(string)), fromHex(config["key"].(string)), profile, self, suite)
}

func (h *Host) known(request object) *Voice {
	voice := h.voices[request["node"].(string)]
	if voice == nil {
		trouble("unknown_node", request["node"].(string))
	}
	return voice
}

func (h *Host) running(request object) *Voice {
	voice := h.known(request)
	if !voice.runs {
		trouble("bad_state", "neither started nor recovered")
	}
	return voice
}

func nowIn(request object) int64 { return request["now"].(int64) }

func (h *Host) init(request object) object {
	h.voices[request["node"].(string)] = h.made(request)
	return object{}
}

func (h *Host) start(request object) object { // NOD-013
	voice := h.known(request)
	if voice.runs {
		trouble("bad_state", "it has started")
	}
	voice.runs = true
	return object{"effects": voice.start(nowIn(request))}
}

func (h *Host) deliver(request object) object {
	return object{"effects": h.running(request).deliver(fromHex(request["bytes"].(string)), nowIn(request))}
}

func (h *Host) fire(request object) object {
	voice, timer := h.running(request), request["timer"].(string)
	if _, is := voice.timers[timer]; !is {
		trouble("bad_state", "no timer "+timer)
	}
	return object{"effects": voice.fire(timer, nowIn(request))}
}

func (h *Host) submit(request object) object {
	id, effects := h.running(request).submit(fromHex(request["tx"].(string)), nowIn(request))
	return object{"effects": effects, "tx_id": id}
}

func (h *Host) query(request object) object {
	args, _ := request["args"].(object)
	return h.running(request).query(request["path"].(string), args)
}

func (h *Host) crash(request object) object { // NOD-018
	h.known(request)
	delete(h.voices, request["node"].(string))
	return object{}
}

func (h *Host) recover(request object) object { // NOD-019
	voice, disk := h.made(request), map[string][]byte{}
	for _, one := range request["disk"].(list) {
		write := one.(object)
		disk[write["key"].(string)] = fromHex(write["value"].(string))
	}
	effects := voice.recover(disk, nowIn(request))
	voice.runs = true
	h.voices[request["node"].(string)] = voice
	return object{"effects": effects}
}

func (h *Host) vector(request object) object { // NOD-021
	kind := request["kind"].(string)
	if answers[kind] == nil {
		trouble("not_supported", "kind "+kind)
	}
	output, code := answerVector(kind, request["input"].(object))
	refuseUnless(code == "", code, "an input that stands", "another")
	return object{"output": output}
}

func (h *Host) reset(object) object { // NOD-022
	clear(h.voices)
	return object{}
}

// ---- frames

// reply answers one line, whatever stands in it (NOD-002, NOD-020), and says whether the conversation ends.
func (h *Host) reply(line []byte) (frame []byte, ends bool) {
	id, op := int64(0), ""
	defer func() {
		var answer object
		switch found := recover().(type) {
		case nil:
			return
		case *Refused:
			answer = object{"id": id, "refused": object{"code": found.code}}
		case *Trouble:
			answer = object{"id": id, "err": object{"code": found.code, "text": shortened(found.text)}}
		default: // a fault of this program; the kit is told where, and the people by standard error
			fmt.Fprintf(os.Stderr, "%v\n%s", found, debug.Stack())
			answer = object{"id": id, "err": object{"code": "internal", "text": shortened("a fault in " + op)}}
		}
		frame = encodeWithin(answer, noDepth)
	}()
	value, fault := readJSON(line, frameDepth)
	if fault != nil || len(line) > lineBytes {
		trouble("bad_request", "a line of JSON")
	}
	request, is := value.(object)
	if !is || !isCount(request["id"]) {
		trouble("bad_request", "an object with an id")
	}
	id = request["id"].(int64)
	op, is = request["op"].(string)
	operation, known := operations[op]
	if !is || !known {
		trouble("not_supported", "unknown op: "+op)
	}
	for _, name := range sortedKeys(operation.members) {
		if !operation.members[name](request[name]) {
			trouble("bad_request", name)
		}
	}
	return encodeWithin(object{"id": id, "ok": operation.answer(h, request)}, noDepth), op == "bye"
}

func shortened(text string) string {
	runes := []rune(strings.ToValidUTF8(text, "\uFFFD"))
	return string(runes[:min(len(runes), troubleText)])
}

// converse reads requests and writes replies until `bye` or the end of the input.
func converse(in io.Reader, out io.Writer) error {
	host, reader := &Host{map[string]*Voice{}}, bufio.NewReaderSize(in, 1<<16)
	for {
		line, fault := readLine(reader)
		if fault != nil && len(line) == 0 {
			if fault == io.EOF {
				return nil
			}
			return fault
		}
		frame, ends := host.reply(line)
		if _, fault := out.Write(append(frame, '\n')); fault != nil {
			return fault
		}
		if ends {
			return nil
		}
	}
}

// readLine gives a line without its end; of one that is too long, as much as shows that it is (NOD-001).
func readLine(reader *bufio.Reader) ([]byte, error) {
	line := []byte{}
	for {
		part, fault := reader.ReadSlice('\n')
		if len(line) <= lineBytes {
			line = append(line, part...)
		}
		switch fault {
		case nil:
			return line[:max(0, len(line)-1)], nil
		case bufio.ErrBufferFull:
		default:
			return line, fault
		}
	}
}
