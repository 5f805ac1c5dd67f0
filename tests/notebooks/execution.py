"""Executes a notebook that is kept as text, from top to bottom, on the folder of a run."""

from pathlib import Path

import jupytext
import nbclient
import nbformat

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def execute(name, root, *, seconds=300):
    """Outputs of all cells of `notebooks/<name>.py`; a cell that fails is an error.

    Args:
        name: Name of the notebook without its ending.
        root: Folder of the run that the notebook reads.
        seconds: Time that a single cell may take.
    """
    notebook = jupytext.read(NOTEBOOKS / f"{name}.py")
    setting = f"import os\nos.environ['SLUICE_ROOT'] = {str(root)!r}"
    notebook.cells.insert(0, nbformat.v4.new_code_cell(setting))
    client = nbclient.NotebookClient(
        notebook,
        timeout=seconds,
        kernel_name="python3",
        resources={"metadata": {"path": str(NOTEBOOKS)}},
    )
    client.execute()
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def text_of(outputs):
    """All printed text and tables."""
    parts = []
    for output in outputs:
        parts.append(output.get("text", ""))
        data = output.get("data", {})
        parts.extend(data.get(kind, "") for kind in ("text/plain", "text/html"))
    return "\n".join(parts)


def figures_of(outputs):
    """All figures, as plotly's JSON."""
    kind = "application/vnd.plotly.v1+json"
    return [output["data"][kind] for output in outputs if kind in output.get("data", {})]
