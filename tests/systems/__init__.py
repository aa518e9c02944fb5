"""The systems that the project must express, row by row: `@pytest.mark.system("B9")`, and the row in the test's name.

A row may have many tests, in several files; a row without one is not there yet.
"""
