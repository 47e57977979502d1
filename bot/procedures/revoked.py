"""What became of the rows of form 05 that are done."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from bot.dossier.application import row_from_json
from bot.dossier.rows import RevokeRow
from bot.outbox.values import RowResult
from bot.procedures.lines import HANDED_OVER, line_among
from bot.register.lifecycle import CertificateStatus, ItemStatus
from bot.register.models import Certificate, Item


async def revoked_rows(items: Sequence[Item]) -> Mapping[int, RowResult]:
    """The result of each done one of `items`, by its id; two queries for all of them."""
    rows = {one: row_from_json(one.asked, RevokeRow) for one in items if _is_done(one)}
    serials = {row.serial.value for row in rows.values()}
    named = {one.serial: one async for one in Certificate.filter(serial__in=serials)}
    holders = {one.subscriber_id for one in named.values()}
    own = defaultdict[int, list[Certificate]](list)
    async for one in Certificate.filter(subscriber_id__in=holders, status__in=HANDED_OVER):
        own[one.subscriber_id].append(one)
    return {
        item.id: _result(row, named[row.serial.value], own)
        for item, row in rows.items()
        if row.serial.value
    }


def _is_done(item: Item) -> bool:
    return item.status is ItemStatus.DONE


def _result(
    row: RevokeRow, named: Certificate, own: Mapping[int, Sequence[Certificate]]
) -> RowResult:
    line = line_among(named.id, own[named.subscriber_id])
    revoked = [one for one in line if one.status is CertificateStatus.REVOKED]
    shown = named if named in revoked or not revoked else revoked[-1]
    also = (one for one in revoked if one != shown and one.revoked_at == shown.revoked_at)
    return RowResult(
        row.position,
        row.full_name.typed,
        "revoked" if revoked else "expired",
        shown.serial,
        not_after=shown.not_after,
        revoked_at=shown.revoked_at,
        also=tuple(one.serial for one in also),
    )
