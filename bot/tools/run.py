"""A tool call, done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.tools.account import account_facts, changes, drivers
from bot.tools.allocation import why_allocated
from bot.tools.calls import AccountFacts, Changes, Compare, Drivers, SearchDocuments, WhatIf, WhyAllocated
from bot.tools.comparison import compare
from bot.tools.documents import search_documents
from bot.tools.what_if import what_if

if TYPE_CHECKING:
    from bot.tools.calls import ToolCall
    from bot.tools.context import ToolContext, ToolResult


def run(context: ToolContext, call: ToolCall) -> ToolResult:
    """Return what the tool finds in this context; it reads only."""
    match call:
        case Drivers():
            result = drivers(context, call)
        case WhatIf():
            result = what_if(context, call)
        case WhyAllocated():
            result = why_allocated(context, call)
        case Compare():
            result = compare(context, call)
        case Changes():
            result = changes(context)
        case SearchDocuments():
            result = search_documents(context, call)
        case AccountFacts():
            result = account_facts(context, call)
    return result
