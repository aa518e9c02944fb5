"""The commands of somebody who builds a node: `conform`, `vectors`, `new`. Talk goes to stderr, data to stdout."""
