"""Tests of the shell: files, messages, the terminal."""
