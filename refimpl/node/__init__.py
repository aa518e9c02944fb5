"""The place where the five layers meet: the node as one state machine, and the ports through which it reaches the
world."""
