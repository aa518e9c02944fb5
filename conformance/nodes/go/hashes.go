// Digests and Merkle trees (spec/data.md, parts 3 and 4).

package main

import (
	"bytes"
	"crypto/sha256"
)

const proofHashes = 64 // proof.hashes of spec/limits.toml

func sha(parts ...[]byte) []byte {
	hash := sha256.New()
	for _, one := range parts {
		hash.Write(one)
	}
	return hash.Sum(nil)
}

func digest(tag string, data []byte) []byte { return sha([]byte(tag), []byte{0}, data) } // DAT-020

func digestHex(tag string, value any) string { return toHex(digest(tag, encode(value))) }

func innerHash(left, right []byte) []byte { return sha([]byte{1}, left, right) } // DAT-030
func leafHash(leaf []byte) []byte         { return sha([]byte{0}, leaf) }

func half(size int) int { // the largest power of two below size
	k := 1
	for 2*k < size {
		k *= 2
	}
	return k
}

func merkleRoot(leaves [][]byte) []byte { // DAT-031
	switch len(leaves) {
	case 0:
		return sha()
	case 1:
		return leafHash(leaves[0])
	}
	k := half(len(leaves))
	return innerHash(merkleRoot(leaves[:k]), merkleRoot(leaves[k:]))
}

func proves(holds bool) { refuseUnless(holds, "wire.bad_proof", "a proof of this", "another") }

// verifyInclusion is RFC 9162, 2.1.3.2 (DAT-032, DAT-034).
func verifyInclusion(leaf []byte, index, size int64, proof [][]byte, expected []byte) {
	proves(len(proof) <= proofHashes && 0 <= index && index < size)
	fn, sn, hash := index, size-1, leafHash(leaf)
	for _, one := range proof {
		proves(sn != 0)
		if fn%2 == 1 || fn == sn {
			hash = innerHash(one, hash)
			for fn%2 == 0 && fn != 0 {
				fn, sn = fn/2, sn/2
			}
		} else {
			hash = innerHash(hash, one)
		}
		fn, sn = fn/2, sn/2
	}
	proves(sn == 0 && bytes.Equal(hash, expected))
}

// verifyConsistency is RFC 9162, 2.1.4.2 (DAT-033, DAT-034).
func verifyConsistency(first, second int64, proof [][]byte, firstRoot, secondRoot []byte) {
	proves(len(proof) <= proofHashes && 0 < first && first <= second)
	if first == second {
		proves(len(proof) == 0 && bytes.Equal(firstRoot, secondRoot))
		return
	}
	path := proof
	if first&(first-1) == 0 {
		path = append([][]byte{firstRoot}, proof...)
	}
	proves(len(path) > 0)
	fn, sn := first-1, second-1
	for fn%2 == 1 {
		fn, sn = fn/2, sn/2
	}
	fr, sr := path[0], path[0]
	for _, one := range path[1:] {
		proves(sn != 0)
		if fn%2 == 1 || fn == sn {
			fr, sr = innerHash(one, fr), innerHash(one, sr)
			for fn%2 == 0 && fn != 0 {
				fn, sn = fn/2, sn/2
			}
		} else {
			sr = innerHash(sr, one)
		}
		fn, sn = fn/2, sn/2
	}
	proves(sn == 0 && bytes.Equal(fr, firstRoot) && bytes.Equal(sr, secondRoot))
}
