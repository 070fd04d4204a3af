"""How a person is named at a provider of OpenID Connect: one spelling for what the keeper writes and the provider
says."""

from __future__ import annotations


def outside_name(stated: str) -> str:
    """The spelling that is kept and compared. Addresses are compared without letter case, other names as they stand
    (`sub` is case-sensitive: OpenID Connect Core 2).

    A sign that only looks like a letter stays what it is: the Kelvin sign becomes no «k», so nobody gets in under an
    address that differs from a colleague's by it.
    """
    name = stated.strip()
    return "".join(_small(sign) for sign in name) if "@" in name else name


def _small(sign: str) -> str:
    small = sign.lower()
    return small if small.upper() == sign else sign
