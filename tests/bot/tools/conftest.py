from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.tools.context import ToolContext
from pipeline.what_if import OpenModels

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.brief import Brief
    from kb.index import Library
    from storage.snapshots import Snapshot


@pytest.fixture
def context(snapshot: Snapshot, brief_of: Callable[[str], Brief], library: Library) -> ToolContext:
    """What may be read about ACME-042 by somebody who sees every account."""
    brief = brief_of("ACME-042")
    return ToolContext(
        snapshot=snapshot,
        brief=brief,
        library=library,
        may_see=lambda _: True,
        models=OpenModels(),
        known=brief.evidence,
    )
