"""The commands of the language, each a click command `command` in its own file; `yilian` finds and loads them by name.

Exit status: 0 clean, 1 diagnostics or failed tests, 2 wrong usage, 3 unreadable file. These are the only files of the
package that touch a disk.
"""
