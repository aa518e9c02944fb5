"""What a writer of rules uses, tested: layout, lints, coverage, stepping, explanations, documents."""
