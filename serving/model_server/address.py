"""Addresses to listen on, of IPv4 and IPv6."""

from __future__ import annotations


def bare(host: str) -> str:
    """A host as sockets take it: an address of IPv6 without brackets."""
    return host.removeprefix("[").removesuffix("]")


def with_port(host: str, port: int | None) -> str:
    """`host:port` as gRPC and people read it: a bare address of IPv6 gets brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
