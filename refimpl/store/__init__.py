"""Places where a node keeps its bytes: memory for simulation, one SQLite file for a machine. They know no block."""
