"""What faces ask to read of the engine's log, read beside the loop."""

from __future__ import annotations

import asyncio
from pathlib import Path

from kalshi_desk.desk.commands import Reply
from kalshi_desk.desk.service import AskLog, LogLine, LogPage
from kalshi_desk.engine.shell import EngineShell
from kalshi_desk.store.log_reader import moment_ns, read_log

MOST_LINES = 1_000


def serve_log(shell: EngineShell, path: Path) -> None:
    """Let faces read the log."""

    async def answer(query: AskLog) -> Reply:
        lines, has_older = await asyncio.to_thread(
            read_log,
            path,
            level=query.level,
            text=query.text,
            before=query.before,
            limit=max(1, min(query.limit, MOST_LINES)),
        )
        page = tuple(
            LogLine(
                number=line.n,
                at_ns=moment_ns(line),
                level=line.level,
                source=line.source,
                text=line.text,
                fields={**line.fields, **({"trace": line.trace} if line.trace else {})},
            )
            for line in lines
        )
        return LogPage(lines=page, has_older=has_older)

    shell.queries[AskLog] = answer
