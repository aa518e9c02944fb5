---- MODULE Tendermint ----
\* tendermint.qnt once more, for TLC, which visits every state. Rule by rule the same machine, without the history variable and the
\* refusals, which change nothing. Its number of states is compared with that of the exploration in Python.
EXTENDS Integers, FiniteSets
CONSTANTS Correct, Faulty, Values, MaxRound, Nil, None, Order
VARIABLES local, proposals, prevotes, precommits
vars == <<local, proposals, prevotes, precommits>>

N == Cardinality(Correct \cup Faulty)
F == (N - 1) \div 3
Quorum == 2 * F + 1
Rounds == 0..MaxRound
Proposer(r) == Order[(r % N) + 1]                                                                         \* CON-010

\* Every liar counts for everything (CON-011).
Count(votes, r, v) == Cardinality({p \in Correct : votes[r][p] = v}) + Cardinality(Faulty)
CountAny(votes, r) == Cardinality({p \in Correct : votes[r][p] # None}) + Cardinality(Faulty)
Spoke(p, r) == prevotes[r][p] # None \/ precommits[r][p] # None \/ (Proposer(r) = p /\ proposals[r] # {})

Init ==
  /\ local = [p \in Correct |-> [round |-> -1, step |-> "propose", lockedV |-> Nil, lockedR |-> -1,
                                 validV |-> Nil, validR |-> -1, decision |-> Nil]]
  /\ proposals = [r \in Rounds |-> IF Proposer(r) \in Faulty THEN [v : Values, vr : -1..(r - 1)] ELSE {}]
  /\ prevotes = [r \in Rounds |-> [p \in Correct |-> None]]
  /\ precommits = [r \in Rounds |-> [p \in Correct |-> None]]

Enter(p, r) ==                                                                                            \* lines 11 to 21
  /\ r <= MaxRound
  /\ local' = [local EXCEPT ![p].round = r, ![p].step = "propose"]
  /\ LET l == local[p] IN
     IF Proposer(r) = p
     THEN \E v \in Values :
            proposals' = [proposals EXCEPT ![r] = {[v |-> IF l.validR >= 0 THEN l.validV ELSE v, vr |-> l.validR]}]
     ELSE UNCHANGED proposals
  /\ UNCHANGED <<prevotes, precommits>>
Begin(p) == local[p].round = -1 /\ Enter(p, 0)

Prevote(p, v) ==
  /\ prevotes' = [prevotes EXCEPT ![local[p].round][p] = v]
  /\ local' = [local EXCEPT ![p].step = "prevote"]
  /\ UNCHANGED <<proposals, precommits>>
OnProposal(p) == LET l == local[p] IN                                                                     \* CON-012, CON-013
  /\ l.round >= 0 /\ l.step = "propose"
  /\ \E shown \in proposals[l.round] :
       /\ IF shown.vr = -1 THEN TRUE ELSE shown.vr < l.round /\ Count(prevotes, shown.vr, shown.v) >= Quorum
       /\ Prevote(p, IF l.lockedR <= shown.vr \/ l.lockedV = shown.v THEN shown.v ELSE Nil)
OnTimeoutPropose(p) == local[p].round >= 0 /\ local[p].step = "propose" /\ Prevote(p, Nil)                 \* CON-026

OnPolka(p) == LET l == local[p] IN                                                                        \* CON-015
  /\ l.round >= 0 /\ l.step \in {"prevote", "precommit"} /\ l.validR < l.round
  /\ \E shown \in proposals[l.round] :
       /\ Count(prevotes, l.round, shown.v) >= Quorum
       /\ IF l.step = "prevote"
          THEN /\ local' = [local EXCEPT ![p] = [l EXCEPT !.step = "precommit", !.lockedV = shown.v, !.lockedR = l.round,
                                                          !.validV = shown.v, !.validR = l.round]]
               /\ precommits' = [precommits EXCEPT ![l.round][p] = shown.v]
          ELSE /\ local' = [local EXCEPT ![p] = [l EXCEPT !.validV = shown.v, !.validR = l.round]]
               /\ UNCHANGED precommits
  /\ UNCHANGED <<proposals, prevotes>>
OnPrevotes(p) == LET l == local[p] IN                                                                     \* CON-025, CON-026
  /\ l.round >= 0 /\ l.step = "prevote" /\ CountAny(prevotes, l.round) >= Quorum
  /\ precommits' = [precommits EXCEPT ![l.round][p] = Nil]
  /\ local' = [local EXCEPT ![p].step = "precommit"]
  /\ UNCHANGED <<proposals, prevotes>>
OnPrecommits(p) == LET l == local[p] IN                                                                   \* CON-025, CON-026
  /\ l.round >= 0 /\ l.step # "decided" /\ CountAny(precommits, l.round) >= Quorum
  /\ Enter(p, l.round + 1)
SkipTo(p) == LET l == local[p] IN                                                                         \* CON-017
  /\ l.round >= 0 /\ l.step # "decided"
  /\ \E r \in Rounds :
       /\ r > l.round
       /\ Cardinality({q \in Correct : Spoke(q, r)}) + Cardinality(Faulty) >= F + 1
       /\ Enter(p, r)
Decide(p) == LET l == local[p] IN                                                                         \* CON-016
  /\ l.round >= 0 /\ l.step # "decided"
  /\ \E r \in Rounds : \E shown \in proposals[r] :
       /\ Count(precommits, r, shown.v) >= Quorum
       /\ local' = [local EXCEPT ![p].step = "decided", ![p].decision = shown.v]
  /\ UNCHANGED <<proposals, prevotes, precommits>>

Next == \E p \in Correct :
  Begin(p) \/ OnProposal(p) \/ OnTimeoutPropose(p) \/ OnPolka(p) \/ OnPrevotes(p) \/ OnPrecommits(p) \/ SkipTo(p) \/ Decide(p)
Spec == Init /\ [][Next]_vars

Agreement == \A p, q \in Correct :                                                                         \* INV-S1
  local[p].decision = Nil \/ local[q].decision = Nil \/ local[p].decision = local[q].decision
====
