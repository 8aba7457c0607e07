"""Accounts in, a published snapshot out."""
