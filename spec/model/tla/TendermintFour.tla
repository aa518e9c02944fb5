---- MODULE TendermintFour ----
\* Four members; p3 proposes first. States that differ by exchanging the values count once.
EXTENDS Tendermint, TLC
CONSTANTS p0, p1, p2, p3, A, B
Turns == <<p3, p0, p1, p2>>
Exchange == Permutations(Values)
====
