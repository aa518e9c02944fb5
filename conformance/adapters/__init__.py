"""Where the kit meets an implementation in this process."""
