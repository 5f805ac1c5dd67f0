"""An HTML file that stands alone: the page's own style and script inside, and a policy."""

from __future__ import annotations

import base64
import hashlib
import importlib.resources

from markupsafe import Markup

from components.report.templating import environment


def render_document(template: str, **values: object) -> str:
    """A template over `document.html`: its style, its script, and that only this script may run.

    Everything that comes from data is escaped; besides, the content security policy in the page
    forbids every request and every script but its own.
    """
    script = _asset("table.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        environment()
        .get_template(template)
        .render(
            **values,
            style=Markup(_asset("style.css")),  # noqa: S704 (a file of this package)
            script=Markup(script),  # noqa: S704 (a file of this package)
            script_digest=digest,
        )
    )


def _asset(name: str) -> str:
    files = importlib.resources.files("components.report")
    return files.joinpath("templates", name).read_text(encoding="utf-8").strip()
