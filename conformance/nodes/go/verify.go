// node verify FOLDER: answer every vector under a folder, and say which answers differ from what the vectors expect.

package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Tally counts the cases of a folder.
type Tally struct{ answered, differing, skipped int }

func verifyFolder(folder string) int {
	if info, fault := os.Stat(folder); fault != nil || !info.IsDir() {
		fmt.Fprintln(os.Stderr, "usage: node verify FOLDER-OF-VECTORS")
		return 2
	}
	tally := &Tally{}
	fault := filepath.WalkDir(folder, func(path string, one fs.DirEntry, fault error) error {
		if fault != nil || one.IsDir() || !strings.HasSuffix(path, ".jsonl") {
			return fault
		}
		return tally.file(path)
	})
	if fault != nil {
		fmt.Fprintln(os.Stderr, fault)
		return 2
	}
	fmt.Printf("%d answered, %d differing, %d of kinds that this verifier does not know\n", tally.answered,
		tally.differing, tally.skipped)
	if tally.differing > 0 || tally.answered == 0 {
		return 1
	}
	return 0
}

func (t *Tally) file(path string) error {
	data, fault := os.ReadFile(path)
	if fault != nil {
		return fault
	}
	cases, inputs, loaded := []object{}, map[string]object{}, map[string]any{}
	for at, line := range bytes.Split(bytes.TrimRight(data, "\n"), []byte("\n")) {
		value, fault := readJSON(line, frameDepth)
		if fault != nil {
			return fmt.Errorf("%s, line %d: %w", path, at+1, fault)
		}
		if one, is := value.(object); is && at > 0 { // the first line says where the file comes from
			id, _ := one["id"].(string)
			input, _ := one["input"].(object)
			cases, inputs[id] = append(cases, one), input
		}
	}
	for _, one := range cases {
		t.answer(path, one, inputs, loaded)
	}
	return nil
}

func (t *Tally) answer(path string, one object, inputs map[string]object, loaded map[string]any) {
	kind, _ := one["kind"].(string)
	input, _ := one["input"].(object)
	if answers[kind] == nil {
		t.skipped++
		return
	}
	if name, is := input["program"].(string); is { // each program is loaded once
		if _, known := loaded[name]; !known {
			loaded[name] = loadedOr(inputs[name])
		}
		input["program"] = loaded[name]
	}
	came, expected := string(encodeWithin(answerCase(kind, input), noDepth)), string(encodeWithin(due(one), noDepth))
	t.answered++
	if came != expected {
		t.differing++
		fmt.Printf("%s %v: %v\n  expected %s\n  answered %s\n", path, one["id"], one["why"], expected, came)
	}
}

// loadedOr is the program of a case, or the case where it has none that stands: then whoever asks is refused.
func loadedOr(input object) (program any) {
	defer func() {
		if recover() != nil {
			program = input
		}
	}()
	return programOf(input)
}

func answerCase(kind string, input object) (answer object) {
	defer func() {
		if found := recover(); found != nil {
			answer = object{"err": fmt.Sprint(found)}
		}
	}()
	output, code := answerVector(kind, input)
	if code != "" {
		return object{"refused": object{"code": code}}
	}
	return object{"ok": output}
}

// due is what a vector expects, without the values that only explain a refusal.
func due(one object) any {
	expect, _ := one["expect"].(object)
	if refused, is := expect["refused"].(object); is {
		return object{"refused": object{"code": refused["code"]}}
	}
	return expect
}
