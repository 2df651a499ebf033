// The page around the charts: headline, tools, samples. What runs wrote is only ever set as text.

const AXIS_NAMES = { step: "Steps", tokens: "Tokens", seconds: "Time" };
const PANEL_NAMES = {
  loss: "Loss",
  val_loss: "Validation loss",
  val_perplexity: "Validation perplexity",
  old_loss: "Loss of old text",
  old_perplexity: "Perplexity of old text",
  lr: "Learning rate",
  grad_norm: "Gradient norm",
  tokens_per_s: "Throughput, tokens/s",
  memory_bytes: "Memory",
  mfu: "Model FLOPs utilisation",
};
const PANEL_ORDER = Object.keys(PANEL_NAMES);
const EXACT = new Set(["lr", "memory_bytes"]); // without noise: not smoothed
const SHORT_HASH = 12;

const report = JSON.parse(document.getElementById("report-data").textContent);
const runs = report.runs;
const byId = (id) => document.getElementById(id);

/** An element with attributes and children; strings become text. */
function node(name, attributes = {}, ...children) {
  const out = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) out.setAttribute(key, value);
  out.append(...children);
  return out;
}

/** A short line as charts draw it: colour, dashes, a ring for validation. */
function swatch(color, dash, ring) {
  const svg = (name, attributes) => {
    const out = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) out.setAttribute(key, value);
    return out;
  };
  const out = svg("svg", { class: "swatch", viewBox: "0 0 26 10", "aria-hidden": "true" });
  out.append(
    svg("line", { x1: 0, x2: 26, y1: 5, y2: 5, stroke: color, "stroke-width": 2, "stroke-dasharray": dash.join(" ") }),
  );
  if (ring)
    out.append(svg("circle", { cx: 13, cy: 5, r: 3, fill: cssColor("--panel"), stroke: color, "stroke-width": 1.7 }));
  return out;
}

/** The names without what they all begin with, but for its last word: it is the rest that tells them apart. */
function withoutCommonBeginning(names) {
  let end = 0;
  while (names.length > 1 && names.every((name) => end < name.length && name[end] === names[0][end])) end++;
  const separatorBefore = (at) =>
    Math.max(...["-", "_", "/", ".", " "].map((c) => names[0].slice(0, Math.max(0, at)).lastIndexOf(c)));
  const cut = separatorBefore(separatorBefore(end)) + 1;
  return cut < 8 ? names : names.map((name) => "\u2026" + name.slice(cut));
}

const shortNames = withoutCommonBeginning(runs.map((run) => run.name));

const runLabel = (i, name = shortNames[i]) =>
  node(
    "span",
    { class: name.length < 20 ? "run-name short" : "run-name", title: runs[i].name },
    swatch(colorOf(i), dashOf(i)),
    name,
  );

// ---- charts ----

function titleOf(name) {
  const words = name.replace(/[_/]+/g, " ").trim();
  return PANEL_NAMES[name] || words.charAt(0).toUpperCase() + words.slice(1);
}

const kindOf = (name) => (name.endsWith("_bytes") ? "bytes" : name.endsWith("_per_s") ? "count" : "plain");

/** A panel for each metric, of all runs; val_x lies over x where there is an x. */
function panelSpecs() {
  const names = new Set(runs.flatMap((run) => run.series.map((s) => s.name)));
  const panels = new Map();
  runs.forEach((run, i) => {
    for (const series of run.series) {
      const base = series.name.replace(/^val_/, "");
      const over = base !== series.name && names.has(base);
      const key = over ? base : series.name;
      if (!panels.has(key)) panels.set(key, { key, title: titleOf(key), kind: kindOf(key), lines: [] });
      const validation = series.name.startsWith("val_");
      panels
        .get(key)
        .lines.push(
          new Line(i, series, {
            runName: run.name,
            runLabel: shortNames[i],
            validation,
            smoothable: !validation && !EXACT.has(key),
          }),
        );
    }
  });
  const rank = (key) => (PANEL_ORDER.includes(key) ? PANEL_ORDER.indexOf(key) : PANEL_ORDER.length);
  const sorted = [...panels.values()].sort((a, b) => rank(a.key) - rank(b.key));
  for (const panel of sorted) panel.lines.sort((a, b) => a.validation - b.validation);
  if (sorted[0]?.key === "loss") sorted[0].wide = true;
  return sorted;
}

let panels = [];
let pending = null;

/** Draws soon: "hover" only the crosshairs, anything else the curves too. */
function redraw(what) {
  if (pending === null)
    requestAnimationFrame(() => {
      const curves = pending !== "hover";
      pending = null;
      for (const panel of panels)
        if (curves) panel.draw();
        else panel.drawHover();
    });
  if (pending === null || what !== "hover") pending = what;
  byId("reset").disabled = view.zoom === null;
}

function knownAxes() {
  const series = runs.flatMap((run) => run.series);
  return Object.keys(AXIS_NAMES).filter((axis) => series.some((s) => s[axis]));
}

const longestRun = () => Math.max(1, ...runs.map((run) => run.summary.steps));

/** As wide as two logged rows, or a 150th of a long run. */
function firstSmoothing() {
  const spacing = Math.max(
    0,
    ...runs.flatMap((run) => run.series.filter((s) => s.name === "loss").map((s) => run.summary.steps / s.rows)),
  );
  const share = Math.min(0.2, Math.max((2 * spacing) / longestRun(), 1 / 150));
  byId("smoothing").value = Math.round(100 * Math.sqrt(share / 0.2));
}

function showSmoothing() {
  view.smoothing = (Number(byId("smoothing").value) / 100) ** 2 * 0.2 * longestRun();
  const text = view.smoothing > 0 ? `\u00b1 ${withCommas(Math.max(1, view.smoothing))} steps` : "none";
  byId("smoothing-value").textContent = text;
  byId("smoothing").setAttribute("aria-valuetext", text);
}

function toggle(button, on) {
  button.setAttribute("aria-pressed", String(on));
}

function buildTools() {
  const buttons = knownAxes().map((axis) => {
    const button = node("button", { type: "button", "aria-pressed": String(axis === view.axis) }, AXIS_NAMES[axis]);
    button.addEventListener("click", () => {
      buttons.forEach((other) => toggle(other, other === button));
      Object.assign(view, { axis, zoom: null, hover: null });
      redraw("axis");
    });
    return button;
  });
  byId("axis-choice").append(...buttons);
  byId("log-x").addEventListener("click", (e) => {
    view.logX = !view.logX;
    view.zoom = null;
    toggle(e.currentTarget, view.logX);
    redraw("axis");
  });
  byId("smoothing").addEventListener("input", () => {
    showSmoothing();
    redraw("smoothing");
  });
  byId("reset").addEventListener("click", () => {
    view.zoom = null;
    redraw("zoom");
  });
  firstSmoothing();
  showSmoothing();
  if (runs.length > 1) buildLegend();
}

function buildLegend() {
  byId("legend").replaceChildren(
    ...runs.map((run, i) => {
      const button = node(
        "button",
        { type: "button", "aria-pressed": String(!view.hidden.has(i)) },
        swatch(colorOf(i), dashOf(i)),
        node("span", {}, shortNames[i]),
      );
      button.title = "Show or hide " + run.name;
      button.addEventListener("click", () => {
        if (!view.hidden.delete(i)) view.hidden.add(i);
        toggle(button, !view.hidden.has(i));
        redraw("runs");
      });
      return button;
    }),
  );
}

function buildCharts() {
  const specs = panelSpecs();
  if (!specs.length) {
    byId("charts").replaceWith(
      node(
        "p",
        { class: "empty" },
        "The curves appear here when the page is written again after the run's first steps.",
      ),
    );
    byId("tools").hidden = byId("hint").hidden = true;
    return;
  }
  const lines = specs.flatMap((spec) => spec.lines);
  const extent = () => extentX(lines.filter((line) => !view.hidden.has(line.run)));
  panels = specs.map((spec) => new Panel({ ...spec, extent }, redraw));
  byId("charts").append(...panels.map((panel) => panel.element));
}

// ---- samples ----

function buildSamples() {
  const steps = [...new Set(runs.flatMap((run) => run.samples.map((s) => s.step)))].sort((a, b) => a - b);
  if (!steps.length) return;
  const slider = byId("sample-step");
  slider.max = steps.length - 1;
  slider.value = steps.length - 1;
  const show = () => {
    const step = steps[slider.value];
    byId("sample-value").textContent = withCommas(step);
    slider.setAttribute("aria-valuetext", "step " + withCommas(step));
    byId("sample-texts").replaceChildren(...runs.flatMap((run, i) => sampleColumn(run, i, step)));
  };
  slider.addEventListener("input", show);
  const left = runs.filter((run) => run.samples.length < run.sample_steps);
  byId("sample-note").hidden = !left.length;
  byId("sample-note").textContent =
    left
      .map((run) => `${run.name}: ${run.samples.length} of ${run.sample_steps} sampled steps are in this page`)
      .join("; ") + "; metrics.jsonl has all.";
  byId("samples").hidden = false;
  slider.hidden = steps.length === 1;
  show();
}

/** What the run wrote last, up to the step. */
function sampleColumn(run, i, step) {
  const sample = run.samples.filter((s) => s.step <= step).pop();
  if (!run.samples.length) return [];
  const texts = sample
    ? sample.texts.map(({ prompt, text }) =>
        node("p", { class: "sample" }, ...(prompt ? [node("mark", {}, prompt)] : []), text),
      )
    : [node("p", { class: "dim" }, "Nothing yet.")];
  const title =
    runs.length > 1
      ? [
          node(
            "h3",
            {},
            runLabel(i),
            sample && sample.step !== step ? node("span", { class: "dim" }, ` step ${withCommas(sample.step)}`) : "",
          ),
        ]
      : [];
  return [node("div", {}, ...title, ...texts)];
}

// ---- the whole ----

function headlineText() {
  if (runs.length === 1) return runs[0].headline.replaceAll(" \u2192 ", "\u00a0\u2192\u00a0");
  const known = runs.filter((run) => run.summary.best_val_loss !== undefined);
  if (!known.length) return "None of these runs has a validation loss yet.";
  const best = known.reduce((a, b) => (b.summary.best_val_loss < a.summary.best_val_loss ? b : a));
  return `Of ${runs.length} runs, the lowest validation loss is ${best.summary.best_val_loss.toFixed(4)}, that of ${best.name} after step ${withCommas(best.summary.best_val_step)}.`;
}

/** Whatever holds a colour of a run is built anew with the theme. */
function buildColored() {
  if (runs.length > 1) {
    buildLegend();
    buildResults();
  }
  buildCost();
  buildData();
  byId("sample-step").dispatchEvent(new Event("input"));
  byId("setting-filter").dispatchEvent(new Event("input"));
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = theme === "dark" ? "Light" : "Dark";
  byId("theme").setAttribute("aria-label", `Switch to ${theme === "dark" ? "light" : "dark"} colours`);
  buildColored();
  panels.forEach((panel) => panel.draw());
}

function start() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const asSystem = () => (dark.matches ? "dark" : "light");
  document.documentElement.dataset.theme = asSystem();
  view.runs = runs.length;
  const names = runs.map((run) => run.name);
  const together = names.join(", ");
  byId("title").textContent = names.length > 1 && together.length > 70 ? `${names.length} runs` : together;
  document.title = `${byId("title").textContent} \u2013 slovo report`;
  byId("headline").textContent = headlineText();
  byId("footer").textContent = `Made by slovo ${report.slovo}. Everything is in this file.`;
  if (runs.length === 1) for (const id of ["cost-table", "settings-table"]) byId(id).className = "columns";
  buildTools();
  buildCharts();
  buildSamples();
  buildSettings();
  setTheme(asSystem());
  byId("theme").addEventListener("click", () => setTheme(isDark() ? "light" : "dark"));
  dark.addEventListener("change", () => setTheme(asSystem()));
  let beforePrint = null;
  addEventListener("beforeprint", () => {
    beforePrint = isDark() ? "dark" : "light";
    setTheme("light");
  });
  addEventListener("afterprint", () => setTheme(beforePrint));
  document.documentElement.dataset.drawMs = performance.now().toFixed(0); // since the page was asked for
}

start();
