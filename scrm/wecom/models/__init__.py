"""Nouns of the gateway: who we speak for, what came in, what goes out."""

from scrm.wecom.models.calls import OutboundCall, Quota
from scrm.wecom.models.corps import App, Corp, DomainProof, Receiver
from scrm.wecom.models.letters import Letter, Repeat
from scrm.wecom.models.recipients import AlarmRecipient

__all__ = ["AlarmRecipient", "App", "Corp", "DomainProof", "Letter", "OutboundCall", "Quota", "Receiver", "Repeat"]
