"""The HTTP side of a node: a thin layer that turns requests into calls of ``ledger`` and errors into problem details.

What it leaves out: every rule about licences, logs and chains. The exchange between provinces grows in here.
"""
