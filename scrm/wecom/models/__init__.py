"""Nouns of the gateway: who we speak for, what came in, what goes out."""

from scrm.wecom.models.calls import OutboundCall, Quota
from scrm.wecom.models.corps import App, Corp, DomainProof, Receiver
from scrm.wecom.models.letters import Letter

__all__ = ["App", "Corp", "DomainProof", "Letter", "OutboundCall", "Quota", "Receiver"]
