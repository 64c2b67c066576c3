"""The application: routes and error handling put together around what it is given.

What it leaves out: opening a node (``api.__main__``), so that tests and other servers hand in what they have.
"""

from __future__ import annotations

from fastapi import FastAPI

from api import problems
from api.routes.log import LogSource, log_routes
from ledger import __version__

PREFIX = "/api/v1"


def create_app(log_source: LogSource) -> FastAPI:
    """An application that serves a log read-only, and says whether it is alive.

    Args:
        log_source: where the log's checkpoint, tiles and entries come from.
    """
    app = FastAPI(
        title="Tongban Ledger · 通办链", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    problems.install(app)
    app.include_router(log_routes(log_source), prefix=f"{PREFIX}/log")

    @app.get("/healthz", tags=["ops"])
    def healthz() -> dict[str, str]:
        """The process answers. Says nothing about database or chain."""
        return {"status": "ok"}

    return app
