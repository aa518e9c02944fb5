"""Reports: a shrunk plan as sentences, a run as a table, a diagram as text; in Chinese and English from one table."""
