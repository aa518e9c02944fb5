"""What `yilian run` runs: stories that happen to a whole consortium, one folder each, its input beside it.

Here the ledger meets the world of the conformance kit: nothing else of `refimpl` but the command may import
`conformance`. A story says who does what and when; the stage carries it out on real nodes under a plan of faults.
"""
