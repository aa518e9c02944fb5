"""The kit as it meets nodes: frames, the door, levels, verdicts, reports."""
