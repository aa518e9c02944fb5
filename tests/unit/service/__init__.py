"""The service of a member: who asks, what is answered, and what is not."""
