"""What every record of the configuration is: one TOML table.

Keys are written in camelCase, as the options of the NixOS module are.
"""

from __future__ import annotations

import msgspec


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """One table of the configuration; a key that it does not know is a mistake."""
