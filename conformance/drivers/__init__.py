"""Drivers: what makes plans and plays them by the thousand. They share one world, one judge and one shrinker."""
