// A node of the ledger in Go, written from the text of spec/ and the vectors, with the standard library. It came after
// the node in JavaScript and follows its division into files; it shares no line with the reference.
//
//	node                 speaks the node protocol over standard input and output (spec/node-protocol.md)
//	node verify FOLDER   answers every vector under a folder, and says which answers differ

package main

import (
	"fmt"
	"os"
)

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "verify":
		os.Exit(verifyFolder(os.Args[2]))
	case len(os.Args) > 1:
		fmt.Fprintln(os.Stderr, "usage: node, or node verify FOLDER-OF-VECTORS")
		os.Exit(2)
	}
	if fault := converse(os.Stdin, os.Stdout); fault != nil {
		fmt.Fprintln(os.Stderr, fault)
		os.Exit(1)
	}
}
