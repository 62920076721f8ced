// The keys are a help and never needed: / search, j k rows, n p pages, ? help.
(() => {
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const chosen = () => rows().findIndex((row) => row.contains(document.activeElement));
  const step = (by) => {
    const all = rows();
    const row = all[Math.min(Math.max(chosen() + by, 0), all.length - 1)];
    const link = row && (row.querySelector("a") || row);
    if (link) { link.focus(); link.scrollIntoView({ block: "nearest" }); }
  };
  const follow = (rel) => { const link = document.querySelector(`a[rel~=${rel}]`); if (link) link.click(); };
  const keys = {
    "/": () => document.querySelector("#search")?.focus(),
    j: () => step(1),
    k: () => step(-1),
    n: () => follow("next"),
    p: () => follow("prev"),
    "?": () => { const help = document.querySelector("#keys"); if (help) { help.open = true; help.querySelector("summary").focus(); } },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });
})();
