---- MODULE Chain ----
\* chain.qnt once more, for TLC, which visits every state: one node's disk, a crash between any two effects. Without the history
\* variable, and without what the guards make impossible (a torn or forgotten write).
EXTENDS Integers, Sequences, FiniteSets
CONSTANTS Values, Nil, MaxHeight, MaxRound
VARIABLES disk, node, pending, wire, told, agreed
vars == <<disk, node, pending, wire, told, agreed>>

Down == [up |-> FALSE, chain |-> <<>>, round |-> 0, said |-> <<>>, lockR |-> -1, lockV |-> Nil]
Fresh(chain) == [Down EXCEPT !.up = TRUE, !.chain = chain]
SetOf(l) == {l[i] : i \in 1..Len(l)}
Place(s) == 3 * s.r + (CASE s.kind = "propose" -> 0 [] s.kind = "prevote" -> 1 [] s.kind = "precommit" -> 2)
Own(l) == SelectSeq(l, LAMBDA s : s.kind # "propose")
IsLock(s) == s.kind = "precommit" /\ s.v # Nil
Put(l, s) == Append(SelectSeq(l, LAMBDA o : Place(o) # Place(s)), s)
Height == Len(node.chain) + 1

Init ==
  /\ disk = [tip |-> 0, chain |-> <<>>, records |-> <<>>, whole |-> TRUE]
  /\ node = Fresh(<<>>)
  /\ pending = <<>>
  /\ wire = {}
  /\ told = {}
  /\ agreed = [h \in 1..MaxHeight |-> ""]

Vote(kind, r, v) ==
  LET s == [h |-> Height, kind |-> kind, r |-> r, v |-> v]
      proposal == [s EXCEPT !.kind = "propose"]
      effect(what, about) == [what |-> what, about |-> about]
  IN /\ node.up /\ pending = <<>> /\ Height <= MaxHeight
     /\ \A o \in SetOf(Own(node.said)) : Place(o) < Place(s)                                               \* INV-S7
     /\ kind = "prevote" \/ \E o \in SetOf(node.said) : o.kind = "prevote" /\ o.r = r                      \* CON-015
     /\ kind # "prevote" \/ v = Nil \/ node.lockR = -1 \/ node.lockV = v                                   \* CON-012
     /\ node' = [node EXCEPT !.round = r,
                  !.said = IF IsLock(s) THEN Put(Put(node.said, proposal), s) ELSE Put(node.said, s),
                  !.lockR = IF IsLock(s) THEN r ELSE node.lockR, !.lockV = IF IsLock(s) THEN v ELSE node.lockV]
     /\ pending' = (IF IsLock(s) THEN <<effect("record", proposal)>> ELSE <<>>) \o <<effect("record", s), effect("say", s)>>
     /\ UNCHANGED <<disk, wire, told, agreed>>

Decide(v) ==
  LET s == [h |-> Height, kind |-> "decided", r |-> 0, v |-> v]
  IN /\ node.up /\ pending = <<>> /\ Height <= MaxHeight
     /\ agreed[Height] \in {"", v}
     /\ agreed' = [agreed EXCEPT ![Height] = v]
     /\ node' = Fresh(Append(node.chain, v))
     /\ pending' = <<[what |-> "commit", about |-> s], [what |-> "report", about |-> s]>>
     /\ UNCHANGED <<disk, wire, told>>

CarryOut ==                                                                                               \* CON-005, NET-014
  /\ node.up /\ pending # <<>>
  /\ LET e == Head(pending) IN
     /\ disk' = CASE e.what = "record" -> [disk EXCEPT !.records = Put(disk.records, e.about)]
                  [] e.what = "commit" -> [disk EXCEPT !.tip = e.about.h, !.chain = Append(disk.chain, e.about.v),
                                            !.records = SelectSeq(disk.records, LAMBDA o : o.h # e.about.h)]
                  [] OTHER -> disk
     /\ wire' = IF e.what = "say" THEN wire \cup {e.about} ELSE wire
     /\ told' = IF e.what = "report" THEN told \cup {[h |-> e.about.h, v |-> e.about.v]} ELSE told
  /\ pending' = Tail(pending)
  /\ UNCHANGED <<node, agreed>>

Crash == node.up /\ node' = Down /\ pending' = <<>> /\ UNCHANGED <<disk, wire, told, agreed>>
Damage == ~node.up /\ disk.whole /\ disk.tip > 0 /\ disk' = [disk EXCEPT !.whole = FALSE]
          /\ UNCHANGED <<node, pending, wire, told, agreed>>

Recover ==                                                                                                \* CON-008, NET-016
  LET own == Own(disk.records)
      locks == SelectSeq(disk.records, IsLock)
  IN /\ ~node.up /\ disk.whole /\ disk.tip = Len(disk.chain)
     /\ node' = [up |-> TRUE, chain |-> disk.chain, said |-> disk.records,
                 round |-> IF own = <<>> THEN 0 ELSE own[Len(own)].r,
                 lockR |-> IF locks = <<>> THEN -1 ELSE locks[Len(locks)].r,
                 lockV |-> IF locks = <<>> THEN Nil ELSE locks[Len(locks)].v]
     /\ pending' = [i \in 1..Len(own) |-> [what |-> "say", about |-> own[i]]]
     /\ UNCHANGED <<disk, wire, told, agreed>>

Next == \/ \E kind \in {"prevote", "precommit"}, r \in 0..MaxRound, v \in Values \cup {Nil} : Vote(kind, r, v)
        \/ \E v \in Values : Decide(v)
        \/ CarryOut \/ Crash \/ Damage \/ Recover
Spec == Init /\ [][Next]_vars

SpeaksOnce == \A s, o \in wire : (s.h = o.h /\ s.kind = o.kind /\ s.r = o.r) => s = o                      \* INV-S7
SaidIsRecorded == \A s \in wire : s.h <= disk.tip \/ s \in SetOf(disk.records)                             \* NET-013
ToldIsDurable == \A b \in told : b.h <= Len(disk.chain) /\ disk.chain[b.h] = b.v                           \* INV-S2, NET-014
ToldIsAgreed == \A b \in told : agreed[b.h] = b.v                                                          \* INV-S1
LockIsKept == \A s, o \in wire : (IsLock(s) /\ o.h = s.h /\ o.kind = "prevote" /\ o.r > s.r /\ o.v # Nil) =>
  (o.v = s.v \/ \E n \in wire : IsLock(n) /\ n.h = s.h /\ n.r > s.r /\ n.r < o.r)                          \* CON-008, CON-012
LockIsUsable == \A s \in SetOf(disk.records) : IsLock(s) => [s EXCEPT !.kind = "propose"] \in SetOf(disk.records)
DiskFits == disk.whole => disk.tip = Len(disk.chain)                                                       \* NET-016
NothingInMemoryAlone == (node.up /\ pending = <<>>) => (node.chain = disk.chain /\ node.said = disk.records)
Safe == /\ SpeaksOnce /\ SaidIsRecorded /\ ToldIsDurable /\ ToldIsAgreed
        /\ LockIsKept /\ LockIsUsable /\ DiskFits /\ NothingInMemoryAlone
====
