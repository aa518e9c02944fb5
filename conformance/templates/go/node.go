// A node that understands the wire. Grow it: one kind of vector after the other, then submit, then a profile.
package main

import ("encoding/json"; "os")

type object = map[string]any

var started = map[string]bool{}
var hello = object{"claims": []string{}, "language": "go", "name": "my-node", "ops": []string{"init", "start", "reset", "vector", "bye"}, "packs": []string{}, "profiles": []string{"solo/1"}, "protocol": 1, "suites": []string{"stub"}, "version": "0.1.0"}

func fail(code, text string) object { return object{"err": object{"code": code, "text": text}} }

func answer(op, node string) object {
	was, known := started[node]
	switch {
	case op == "hello":
		return object{"ok": hello}
	case op == "reset" || op == "bye":
		started = map[string]bool{}
		return object{"ok": object{}}
	case op == "init" && known:
		return fail("duplicate_node", node)
	case op == "init":
		started[node] = false
		return object{"ok": object{}}
	case op == "start" && !known:
		return fail("unknown_node", node)
	case op == "start" && was:
		return fail("bad_state", "started already")
	case op == "start":
		started[node] = true
		return object{"ok": object{"effects": []object{}}}
	}
	return fail("not_supported", op)
}

func main() {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for op := ""; op != "bye"; {
		var request struct{ Id int; Op, Node string }
		if in.Decode(&request) != nil { return }
		reply := answer(request.Op, request.Node)
		reply["id"], op = request.Id, request.Op
		out.Encode(reply)
	}
}
