// Answers three kinds of vectors, with nothing but the standard library: go run verify.go VECTORS
package main

import ("bytes"; "crypto/sha256"; "encoding/hex"; "encoding/json"; "fmt"; "os"; "path/filepath")

type Case struct {
	Kind   string
	Input  struct { Tag, Bytes, Leaf, Root string; Leaves, Proof []string; Index, Size int }
	Expect struct { Ok *struct{ Digest, Root string } }
}

func sha(parts ...[]byte) []byte { sum := sha256.Sum256(bytes.Join(parts, nil)); return sum[:] }
func raw(text string) []byte     { data, _ := hex.DecodeString(text); return data }

func root(leaves []string) []byte {
	if len(leaves) == 0 { return sha() }
	if len(leaves) == 1 { return sha([]byte{0}, raw(leaves[0])) }
	half := 1
	for half*2 < len(leaves) { half *= 2 }
	return sha([]byte{1}, root(leaves[:half]), root(leaves[half:]))
}

func included(at, last int, node []byte, proof []string, top string) bool {
	if at > last { return false }
	for _, other := range proof {
		if last == 0 { return false }
		left := at%2 == 1 || at == last
		for left && at%2 == 0 && at > 0 { at, last = at/2, last/2 }
		if left { node = sha([]byte{1}, raw(other), node) } else { node = sha([]byte{1}, node, raw(other)) }
		at, last = at/2, last/2
	}
	return last == 0 && hex.EncodeToString(node) == top
}

func main() {
	right, cases := 0, 0
	files, _ := filepath.Glob(filepath.Join(os.Args[1], "*", "*.jsonl"))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for _, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
			var one Case
			json.Unmarshal(line, &one)
			in, held := one.Input, false
			switch one.Kind {
			case "digest": held = one.Expect.Ok.Digest == hex.EncodeToString(sha([]byte(in.Tag), []byte{0}, raw(in.Bytes)))
			case "merkle.root": held = one.Expect.Ok.Root == hex.EncodeToString(root(in.Leaves))
			case "merkle.inclusion": held = (one.Expect.Ok != nil) == included(in.Index, in.Size-1, sha([]byte{0}, raw(in.Leaf)), in.Proof, in.Root)
			default: continue
			}
			cases++
			if held { right++ }
		}
	}
	fmt.Printf("go: %d of %d cases\n", right, cases)
	if cases == 0 || right < cases { os.Exit(1) }
}
