"""The stories that `yilian run` plays."""
