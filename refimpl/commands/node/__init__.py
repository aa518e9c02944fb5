"""The reference behind the node protocol (spec/node-protocol.md): the same door through which every node is judged."""
