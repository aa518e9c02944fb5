"""`python -m refimpl` is `yilian`: for those whose PATH does not hold the script."""

from refimpl.cli import main

main()
