"use strict";
// Sorts and filters the tables of class "sortable". Without scripts they are plain tables.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const valueOf = (row, column) => {
    const cell = row.cells[column];
    if (!("v" in cell.dataset)) return cell.textContent.trim();
    return cell.dataset.v === "" ? null : Number(cell.dataset.v);
  };
  const compare = (a, b, sign) => {
    if (a === null || b === null) return (a === null) - (b === null); // not measured: always last
    if (typeof a === "number") return sign * (a - b);
    return sign * a.localeCompare(b, undefined, { numeric: true });
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows];
      rows.sort((a, b) => compare(valueOf(a, column), valueOf(b, column), down ? -1 : 1));
      body.append(...rows);
    });
  });

  const tool = document.querySelector(`[data-table="${table.id}"]`);
  const filter = tool.querySelector(".filter");
  const least = tool.querySelector(".least"); // not every table counts rows
  const apply = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of body.rows) {
      const names = [...row.cells].filter((cell) => !("v" in cell.dataset));
      const text = names.map((cell) => cell.textContent).join(" ").toLowerCase();
      const enough = !least || row.dataset.rows === "" || Number(row.dataset.rows) >= Number(least.value);
      row.hidden = !(enough && words.every((word) => text.includes(word)));
      shown += row.hidden ? 0 : 1;
    }
    tool.querySelector(".shown").textContent = `${shown} of ${body.rows.length} ${tool.dataset.counts ?? "rows"}`;
  };
  filter.addEventListener("input", apply);
  least?.addEventListener("input", apply);
  tool.hidden = false;
  apply();
}
