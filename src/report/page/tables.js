// The tables of the page: results, what differs, cost, data, settings.

/** A name that may break behind an underscore. */
const breakable = (name) => name.split(/(?<=[_.])/).flatMap((part, i) => (i ? [node("wbr"), part] : [part]));

/** A table with a row for each of `rows` ([name, [cell of each run], differs]) and a column for each run. */
function runTable(rows, caption) {
  const single = runs.length === 1;
  const head = single
    ? []
    : [
        node(
          "thead",
          {},
          node("tr", {}, node("td", {}), ...runs.map((_, i) => node("th", { scope: "col" }, runLabel(i)))),
        ),
      ];
  const body = rows.map(([name, cells, differs]) =>
    cells === null
      ? node("tr", { class: "section-row" }, node("th", { scope: "rowgroup", colspan: runs.length + 1 }, name))
      : node(
          "tr",
          differs ? { class: "differs" } : {},
          node("th", { scope: "row" }, ...breakable(name)),
          ...cells.map((cell) =>
            node("td", cell === undefined ? { class: "dim" } : {}, cell === undefined ? "\u2013" : cell),
          ),
        ),
  );
  return node(
    "table",
    { class: single ? "pairs" : "runs", "aria-label": caption },
    ...head,
    node("tbody", {}, ...body),
  );
}

const valueText = (value) =>
  value === undefined || value === null
    ? undefined
    : typeof value === "string"
      ? value === ""
        ? undefined
        : value
      : JSON.stringify(value, (_, v) => (typeof v === "number" ? Number(v.toPrecision(12)) : v));
const differ = (cells) => new Set(cells).size > 1;

/** [section, name, [text of each run]] of all settings, in the order of the first run that has them. */
function allSettings() {
  const sections = new Map();
  for (const run of runs) {
    for (const [section, fields] of Object.entries(run.record.config || {})) {
      if (typeof fields !== "object" || fields === null) continue;
      if (!sections.has(section)) sections.set(section, new Set());
      for (const name of Object.keys(fields)) sections.get(section).add(name);
    }
  }
  return [...sections].flatMap(([section, names]) =>
    [...names].map((name) => [section, name, runs.map((run) => valueText(run.record.config?.[section]?.[name]))]),
  );
}

const ENVIRONMENT = [
  ["processor", "Processor"],
  ["device", "Device"],
  ["dtype", "Computed in"],
  ["threads", "Threads"],
  ["libtorch", "LibTorch"],
  ["slovo", "slovo"],
  ["tokenizer", "Tokenizer"],
  ["base_model", "Started from"],
];

const environmentRows = () =>
  ENVIRONMENT.map(([key, title]) => {
    const cells = runs.map((run) => valueText(run.record[key]));
    return [
      title,
      key === "tokenizer" ? cells.map((c) => c?.slice(0, SHORT_HASH)) : cells,
      runs.length > 1 && differ(cells),
    ];
  });

function buildSettings() {
  const settings = allSettings();
  const filter = byId("setting-filter"),
    only = byId("only-different");
  const show = () => {
    const word = filter.value.trim().toLowerCase();
    const rows = []; // of one table, or of a table for each section
    let section = "";
    for (const [group, name, cells] of settings) {
      const differs = runs.length > 1 && differ(cells);
      const text = `${group}.${name} ${cells.join(" ")}`.toLowerCase();
      if (!text.includes(word) || (only.checked && !differs)) continue;
      if (group !== section) rows.push([(section = group), null]);
      rows.push([name, cells, differs]);
    }
    const starts = rows.flatMap(([, cells], i) => (cells === null && (i === 0 || runs.length === 1) ? [i] : []));
    byId("settings-table").replaceChildren(
      ...starts.map((from, i) => runTable(rows.slice(from, starts[i + 1]), "Settings")),
    );
    byId("no-setting").hidden = rows.length > 0;
  };
  byId("only-different-label").hidden = runs.length === 1;
  filter.addEventListener("input", show);
  only.addEventListener("change", show);
  byId("settings").hidden = !settings.length;
  show();
}

function buildDifferences() {
  const rows = allSettings()
    .filter(([, , cells]) => differ(cells))
    .map(([section, name, cells]) => [`${section}.${name}`, cells]);
  rows.push(
    ...environmentRows()
      .filter(([, , differs]) => differs)
      .map(([title, cells]) => [title, cells]),
  );
  byId("differences").replaceChildren(
    rows.length ? runTable(rows, "What differs") : node("p", {}, "No setting: the runs were started alike."),
  );
}

/** Columns of the table of results: title, value, text, and which end is best. */
const RESULTS = [
  ["Best validation loss", (s) => s.best_val_loss, (v) => v.toFixed(4), Math.min],
  ["at step", (s) => s.best_val_step, withCommas],
  ["Last validation loss", (s) => s.val_loss, (v) => v.toFixed(4), Math.min],
  ["Old text's perplexity before", (s) => s.first_old_perplexity, (v) => v.toFixed(2)],
  ["and after", (s) => s.old_perplexity, (v) => v.toFixed(2), Math.min],
  ["Final loss", (s) => s.final_loss, (v) => v.toFixed(4), Math.min],
  ["Steps", (s) => s.steps, withCommas],
  ["Tokens", (s) => s.tokens, counted],
  ["Time", (s) => s.seconds, duration, Math.min],
  ["Tokens/s", (s) => s.tokens_per_s, counted, Math.max],
  ["Peak memory", (s) => s.peak_memory_bytes, bytesText, Math.min],
  ["Parameters", (s) => s.parameters, counted],
];

function buildResults() {
  const columns = RESULTS.filter(([, value]) => runs.some((run) => value(run.summary) !== undefined));
  const body = runs.map((run, i) =>
    node(
      "tr",
      {},
      node("th", { scope: "row" }, runLabel(i)),
      ...columns.map(([, value, text, best]) => {
        const v = value(run.summary);
        const all = runs.map((r) => value(r.summary)).filter((x) => x !== undefined);
        const isBest = best && v !== undefined && v === best(...all) && differ(all);
        return node("td", { class: isBest ? "num best" : "num" }, v === undefined ? "\u2013" : text(v));
      }),
    ),
  );
  byId("results-table").replaceChildren(
    node(
      "table",
      { class: "results", "aria-label": "Results" },
      node(
        "thead",
        {},
        node("tr", {}, node("td", {}), ...columns.map(([title]) => node("th", { scope: "col", class: "num" }, title))),
      ),
      node("tbody", {}, ...body),
    ),
  );
  buildDifferences();
  byId("results").hidden = false;
}

const COST = [
  ["Parameters", (s) => s.parameters, (v) => withCommas(v)],
  [
    "Steps",
    (s) => s.steps,
    (v, s) => withCommas(v) + (s.planned_steps > v ? ` of ${withCommas(s.planned_steps)}` : ""),
  ],
  ["Tokens", (s) => s.tokens, withCommas],
  ["Time in training", (s) => s.seconds, duration],
  ["Mean speed", (s) => s.tokens_per_s, (v) => counted(v) + " tokens/s"],
  ["Peak memory", (s) => s.peak_memory_bytes, bytesText],
];

function buildCost() {
  const rows = COST.map(([title, value, text]) => [
    title,
    runs.map((run) => {
      const v = value(run.summary);
      return v === undefined ? undefined : text(v, run.summary);
    }),
  ]);
  const machine = environmentRows().map(([title, cells]) => [title, cells]);
  machine.push(["Seed", runs.map((run) => valueText(run.record.seed))]);
  const tables = runs.length === 1 ? [rows, machine] : [[...rows, ...machine]];
  byId("cost-table").replaceChildren(
    ...tables.map((all) =>
      runTable(
        all.filter(([, cells]) => cells.some((c) => c !== undefined)),
        "Cost",
      ),
    ),
  );
  byId("commands").replaceChildren(
    ...runs.flatMap((run, i) => (run.record.command ? [commandLine(run.record.command, i)] : [])),
  );
}

function commandLine(text, i) {
  const code = node("code", {}, ...text.split(/(?<= )/).map((word) => node("span", {}, word)));
  const button = node("button", { type: "button", "aria-label": "Copy the command of " + runs[i].name }, "Copy");
  button.addEventListener("click", async () => {
    getSelection().selectAllChildren(code);
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => {
      button.textContent = "Copy";
    }, 1500);
  });
  const line = node("div", { class: "command" }, code, button);
  return runs.length > 1 ? node("div", {}, node("h3", {}, runLabel(i, runs[i].name)), line) : line;
}

const FILES_SHOWN = 8;

function fileRow(file) {
  return node(
    "tr",
    {},
    node("td", {}, file.path || "\u2013"),
    node("td", {}, file.split || (file.weight !== undefined ? "weight " + file.weight : "\u2013")),
    node("td", {}, file.bytes === undefined ? "" : bytesText(file.bytes)),
    node("td", {}, node("code", { title: file.hash || "" }, (file.hash || "").slice(0, SHORT_HASH))),
  );
}

/** The files; of many the first few, and a button for the rest. */
function dataTable(data) {
  const body = node("tbody", {}, ...data.slice(0, FILES_SHOWN).map(fileRow));
  const table = node(
    "table",
    { class: "files" },
    node(
      "thead",
      {},
      node("tr", {}, ...["File", "Used for", "Size", "Fingerprint"].map((t) => node("th", { scope: "col" }, t))),
    ),
    body,
  );
  const parts = [table];
  if (data.length > FILES_SHOWN) {
    const total = data.reduce((sum, file) => sum + (file.bytes || 0), 0);
    const more = node("button", { type: "button" }, "Show all " + data.length + " files, " + bytesText(total));
    more.addEventListener("click", () => {
      body.append(...data.slice(FILES_SHOWN).map(fileRow));
      more.remove();
    });
    parts.push(more);
  }
  return node("div", { class: "scroll" }, ...parts);
}

/** The texts of each run; once where several runs had the same. */
function buildData() {
  const groups = new Map();
  runs.forEach((run, i) => {
    if (!Array.isArray(run.record.data) || !run.record.data.length) return;
    const key = JSON.stringify(run.record.data);
    groups.set(key, [...(groups.get(key) || []), i]);
  });
  byId("data").hidden = !groups.size;
  byId("data-tables").replaceChildren(
    ...[...groups.values()].flatMap((members) => [
      ...(groups.size > 1 ? [node("h3", {}, ...members.flatMap((i) => [runLabel(i), " "]))] : []),
      dataTable(runs[members[0]].record.data),
    ]),
  );
}
