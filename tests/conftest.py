"""One Hypothesis profile for all tests: no deadline, since a busy machine is not an error; the failing example is
printed as code."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "yilian", deadline=None, max_examples=60, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("yilian")
