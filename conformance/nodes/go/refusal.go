// What is refused, with its code from spec/errors.toml (spec/data.md, part 1).
//
// A refusal travels as a panic of *Refused from where it is found to whoever answers for the input, and is caught there
// by attempt: DAT-015 asks that everything in between be dropped. Nothing else is ever panicked with on purpose, except
// Trouble, which is about the conversation and not about the ledger (NOD-005).

package main

import "fmt"

// Refused is the answer of the ledger to an input that it does not take.
type Refused struct {
	code     string
	expected string
	got      any
	check    int // how far a command came before it was refused (CTR-S7)
}

func (r *Refused) Error() string {
	return fmt.Sprintf("%s: expected %s, got %v", r.code, r.expected, r.got)
}

func refuse(code, expected string, got any) {
	panic(&Refused{code: code, expected: expected, got: got})
}

func refuseUnless(holds bool, code, expected string, got any) {
	if !holds {
		refuse(code, expected, got)
	}
}

// attempt does some work and returns the refusal that it ended in, nil if none.
func attempt(work func()) (refused *Refused) {
	defer func() {
		switch found := recover().(type) {
		case nil:
		case *Refused:
			refused = found
		default:
			panic(found)
		}
	}()
	work()
	return nil
}

// Trouble is an answer about the conversation (NOD-005).
type Trouble struct{ code, text string }

func trouble(code, text string) {
	panic(&Trouble{code, text})
}
