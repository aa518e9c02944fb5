"""The service of one member: its node asked over HTTP, and the visual client.

Requests go in and answers come out of `gateway`, which knows no socket; `server` alone meets one.
"""
