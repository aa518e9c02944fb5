// Signatures and the keys that may be enrolled (spec/data.md, part 3), suites intl and stub.

package main

import (
	"bytes"
	"crypto/ed25519"
	"math/big"
)

var suitesOffered = []string{"intl", "stub"}

func stubSignature(key, message []byte) []byte { // DAT-023
	return digest("yilian/stub-sig/v1", append(append([]byte{}, key...), message...))
}

// verifies says whether a signature over a digest is its key's; keys of members are those that passed checkKey.
// crypto/ed25519 takes the equation without cofactor, compares R as bytes and refuses S that is not below the order
// (DAT-022).
func verifies(suite string, pub, message, signature []byte) bool {
	if suite == "stub" {
		return bytes.Equal(stubSignature(pub, message), signature)
	}
	if suite != "intl" || len(pub) != ed25519.PublicKeySize || len(signature) != ed25519.SignatureSize {
		return false
	}
	return ed25519.Verify(pub, message, signature)
}

// signBy signs a digest by a secret of 32 bytes.
func signBy(suite string, secret, message []byte) []byte {
	if suite == "stub" {
		return stubSignature(secret, message)
	}
	return ed25519.Sign(ed25519.NewKeyFromSeed(secret), message)
}

// publicOf is the public key of a secret of 32 bytes.
func publicOf(suite string, secret []byte) []byte {
	if suite == "stub" {
		return secret
	}
	return ed25519.NewKeyFromSeed(secret).Public().(ed25519.PublicKey)
}

// ---- the curve, only to refuse keys that are no points or of small order (DAT-025)

var (
	unity  = big.NewInt(1)
	curveP = new(big.Int).Sub(new(big.Int).Lsh(unity, 255), big.NewInt(19))
	curveD = times(big.NewInt(-121665), inverted(big.NewInt(121666)))
)

func reduced(a *big.Int) *big.Int  { return new(big.Int).Mod(a, curveP) }
func times(a, b *big.Int) *big.Int { return reduced(new(big.Int).Mul(a, b)) }
func plus(a, b *big.Int) *big.Int  { return reduced(new(big.Int).Add(a, b)) }
func minus(a, b *big.Int) *big.Int { return reduced(new(big.Int).Sub(a, b)) }
func inverted(a *big.Int) *big.Int { return new(big.Int).ModInverse(a, curveP) }

// pointOf reads a key as a point; the sign of x does not change its order and is left open.
func pointOf(pub []byte) (x, y *big.Int, is bool) {
	reversed := make([]byte, len(pub))
	for at, b := range pub {
		reversed[len(pub)-1-at] = b
	}
	reversed[0] &= 127
	y = new(big.Int).SetBytes(reversed)
	if y.Cmp(curveP) >= 0 {
		return nil, nil, false
	}
	squared := times(y, y)
	x = new(big.Int).ModSqrt(times(minus(squared, unity), inverted(plus(times(curveD, squared), unity))), curveP)
	return x, y, x != nil
}

func doubled(x, y *big.Int) (*big.Int, *big.Int) {
	xx, yy := times(x, x), times(y, y)
	product := times(curveD, times(xx, yy))
	sum := times(big.NewInt(2), times(x, y))
	return times(sum, inverted(plus(unity, product))), times(plus(yy, xx), inverted(minus(unity, product)))
}

// checkKey refuses a key that may not be enrolled (DAT-025).
func checkKey(suite string, pub []byte) {
	weak := func(holds bool) { refuseUnless(holds, "member.weak_key", "a key that may be enrolled", "another") }
	weak(len(pub) == 32)
	if suite == "stub" {
		return
	}
	x, y, is := pointOf(pub)
	weak(is)
	for range 3 {
		x, y = doubled(x, y)
	}
	weak(x.Sign() != 0 || y.Cmp(unity) != 0)
}
