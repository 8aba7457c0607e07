"""A Slack workspace on loopback, with Slack's rules and refusals: the far side of a real app for shell and tests."""

from bot.workspace.loopback import Loopback
from bot.workspace.records import Channel, Delivery, Message, Person, Refusal, UploadedFile, View
from bot.workspace.render import read, read_all
from bot.workspace.server import Failure
from bot.workspace.transport import Reply, Transport
from bot.workspace.workspace import Workspace

__all__ = [
    "Channel",
    "Delivery",
    "Failure",
    "Loopback",
    "Message",
    "Person",
    "Refusal",
    "Reply",
    "Transport",
    "UploadedFile",
    "View",
    "Workspace",
    "read",
    "read_all",
]
