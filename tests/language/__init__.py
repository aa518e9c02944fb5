"""Programs as tests: the library, good and bad programs in both surfaces, and a stage for small ones."""
