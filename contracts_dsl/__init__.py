"""The contract language of a medical alliance: one grammar, two surfaces, a semantics in numbered rules.

A language that knows no ledger. What a ledger uses, all of it pure:

    program = program.load(modules)                      # ir.Module values, from ir.decode(bytes); IrError
    changes = interpret.advance(program, world, t)       # time acts (CTR-S1..S5); Refused("time_backwards")
    changes = interpret.command(program, world, command) # one signed command at world.now(); Refused(code, values)

`world` is anything with the methods of `host.World`; the caller applies the `host.Changes` it gets, whole. Before every
command the caller advances to the time of its block and applies that, so that a clock which a previous command of the
same block set into the past has fired (CTR-S3). What a refused command leaves is exactly nothing.

    source.py lexer.py grammar.lark parse.py syntax.py    text -> tree, with coded errors
    check.py typesystem.py statics.py                     tree -> typed program (ir.py), or diagnostics
    interpret.py evaluate.py decide.py views.py           the semantics, rule by rule
    testing.py translate.py cli/                          what a writer of rules uses

The interpreter imports no parser: a node needs `ir`, `verify`, `program`, `host`, `interpret` and what they import.
"""
