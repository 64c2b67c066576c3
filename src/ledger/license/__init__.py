"""The licence: its record, codes, life cycle and credential. No IO, clock or randomness."""
