"""Accounts as they are handed over to be published, and as they are read back."""

from __future__ import annotations

from typing import Final, Protocol

import pyarrow as pa

_INTERACTION: Final = pa.struct([("first", pa.int32()), ("second", pa.int32()), ("value", pa.float64())])

ACCOUNTS_SCHEMA: Final = pa.schema(
    [
        ("account_id", pa.string()),
        ("name", pa.string()),
        ("owner", pa.string()),
        ("region", pa.string()),
        ("industry", pa.string()),
        ("predicted", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("baseline", pa.float64()),
        ("numbers", pa.list_(pa.float64())),
        ("texts", pa.list_(pa.string())),
        ("shap", pa.list_(pa.float64())),
        ("interactions", pa.list_(_INTERACTION)),
        ("fold", pa.int32()),
        ("sensitivities", pa.list_(pa.float64())),
        ("promotion", pa.int32()),
        ("actions", pa.int32()),
        ("rank", pa.int32()),
        ("score", pa.float64()),
        ("scaled_score", pa.float64()),
        ("reason", pa.string()),
        ("by_type", pa.list_(pa.struct([("actions", pa.string()), ("count", pa.int32())]))),
        (
            "reasons",
            pa.list_(pa.struct([("kind", pa.string()), ("text", pa.string()), ("accounts", pa.list_(pa.string()))])),
        ),
    ]
)
"""One row an account. The lists stand in the order of the features (``numbers``, ``texts``, ``shap``) and of the
promotions (``sensitivities``); ``numbers`` is null for a category or a missing value, ``texts`` for a number or a
missing value; ``interactions`` are the strongest pairs of features, by their positions, strongest first; ``by_type``
and ``reasons`` are as in ``Allocation``. ``promotion`` is a position that counts from 0, null where there are no
promotions; ``fold`` is that of the model which predicted the account among those of the artefact."""


class AccountRows(Protocol):
    """All accounts, of which only so many columns, or so many rows, are made at once; a pa.Table is one."""

    @property
    def num_rows(self) -> int:
        """How many accounts there are."""
        ...

    def select(self, columns: list[str], /) -> pa.Table:
        """Return these columns of all accounts."""
        ...

    def take(self, places: pa.Array, /) -> pa.Table:
        """Return all columns of the accounts at these places, in that order."""
        ...
