"use strict";
// What charts are made of: colours, numbers as text, scales and ticks, series and their smoothing, and the `view` that
// all panels share.

const PALETTES = {
  // Told apart with any colour vision; each has a contrast of 3:1 or more on its ground.
  light: ["#0b62b8", "#c2410c", "#00795a", "#8f3f97", "#8a6100", "#4b5563"],
  dark: ["#6cb2f5", "#ff9466", "#3fc9a0", "#dba2dd", "#e3b64d", "#b4bcc8"],
};
const DASHES = [[], [7, 3], [2, 2.5], [9, 3, 2, 3]];
const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

/** What all panels share. `zoom` is [from, to] on the axis or null; `smoothing` a width in steps. */
const view = { axis: "step", logX: false, smoothing: 0, zoom: null, hover: null, hidden: new Set(), runs: 1 };

const isDark = () => document.documentElement.dataset.theme === "dark";
const colorOf = (i) => PALETTES[isDark() ? "dark" : "light"][i % 6];
const dashOf = (i) => DASHES[(i + Math.floor(i / 6)) % DASHES.length];

// ---- numbers as text ----

function withCommas(v) {
  return String(Math.round(v)).replace(/\B(?=(\d{3})+$)/g, ",");
}

function trimZeros(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function plainNumber(v) {
  const size = Math.abs(v);
  if (Number.isInteger(v) || size >= 1000) return withCommas(v);
  if (size >= 1e-3) return v.toPrecision(4);
  return v.toExponential(2).replace(/\.?0+e/, "e");
}

function counted(v) {
  const units = ["", "K", "M", "B", "T"];
  let i = 0;
  while (Math.abs(v) >= 999.5 && i < 4) {
    v /= 1000;
    i++;
  }
  return (i === 0 ? trimZeros(v.toFixed(1)) : v.toPrecision(3)) + units[i];
}

function duration(s) {
  if (s < 59.95) return s.toFixed(1) + " s";
  const total = Math.round(s),
    h = Math.floor(total / 3600),
    m = Math.floor(total / 60) % 60;
  const two = (n) => String(n).padStart(2, "0");
  return h > 0 ? `${withCommas(h)} h ${two(m)} min` : `${m} min ${two(total % 60)} s`;
}

function byteUnit(most) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  while (most >= 1024 && i < 4) {
    most /= 1024;
    i++;
  }
  return { size: 1024 ** i, name: units[i] };
}

function bytesText(v) {
  const unit = byteUnit(Math.abs(v));
  return trimZeros((v / unit.size).toPrecision(v / unit.size >= 1000 ? 4 : 3)) + " " + unit.name;
}

const VALUE_TEXT = { count: counted, bytes: bytesText, plain: plainNumber };
const AXIS_TEXT = { step: withCommas, tokens: counted, seconds: duration };

// ---- scales and ticks ----

class Scale {
  constructor(lo, hi, log, from, to) {
    Object.assign(this, { lo, hi, log, from, to });
    this.a = log ? Math.log(lo) : lo;
    this.span = (log ? Math.log(hi) : hi) - this.a || 1;
  }
  px(v) {
    return this.from + (((this.log ? Math.log(v) : v) - this.a) / this.span) * (this.to - this.from);
  }
  value(px) {
    const t = this.a + ((px - this.from) / (this.to - this.from)) * this.span;
    return this.log ? Math.exp(t) : t;
  }
}

function niceStep(span, count) {
  const raw = span / count,
    power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].find((m) => m * power >= raw * 0.999) * power;
}

function timeStep(span, count) {
  const nice = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
  return span / count < 1
    ? niceStep(span, count)
    : nice.find((s) => s >= span / count) || 86400 * niceStep(span / 86400, count);
}

function timeTick(s, step) {
  if (s === 0) return "0";
  if (step < 60 && s < 60) return trimZeros(s.toFixed(step < 1 ? 2 : 0)) + " s";
  if (s < 3600) {
    const rest = Math.round(s % 60);
    return Math.floor(s / 60) + (rest ? ":" + String(rest).padStart(2, "0") : "") + " min";
  }
  const minutes = Math.round((s % 3600) / 60);
  return s >= 172800 && s % 86400 === 0
    ? s / 86400 + " d"
    : Math.floor(s / 3600) + (minutes ? ":" + String(minutes).padStart(2, "0") : "") + " h";
}

/** A function that writes the ticks of one axis alike: 1.5M, 2.0M; 2e-4, 4e-4; 0.5, 1.0. */
function tickWriter(most, step) {
  const decimals = (unit) => Math.max(0, Math.ceil(-Math.log10(step / unit) - 1e-9));
  if (most < 1e-3) {
    const e = Math.floor(Math.log10(most) + 1e-9);
    return (v) => (v === 0 ? "0" : (v / 10 ** e).toFixed(decimals(10 ** e)) + "e" + e);
  }
  const [unit, name] = most >= 1e9 ? [1e9, "B"] : most >= 1e6 ? [1e6, "M"] : most >= 1e4 ? [1e3, "K"] : [1, ""];
  return (v) => (v === 0 ? "0" : (v / unit).toFixed(Math.min(decimals(unit), 6)) + name);
}

function linearTicks(scale, count, kind) {
  const span = scale.hi - scale.lo;
  if (!(span > 0)) return [{ v: scale.lo, text: kind === "seconds" ? duration(scale.lo) : plainNumber(scale.lo) }];
  const unit = kind === "bytes" ? byteUnit(scale.hi) : { size: 1, name: "" };
  let step = kind === "seconds" ? timeStep(span, count) : niceStep(span / unit.size, count) * unit.size;
  if (kind === "step") step = Math.max(step, 1);
  const most = Math.max(Math.abs(scale.lo), Math.abs(scale.hi));
  const write =
    kind === "bytes"
      ? (v) => trimZeros((v / unit.size).toFixed(2)) + (v ? " " + unit.name : "")
      : kind === "seconds"
        ? (v) => timeTick(v, step)
        : tickWriter(most, step);
  const out = [];
  for (let i = Math.ceil(scale.lo / step - 1e-9); i * step <= scale.hi + step * 1e-9; i++) {
    const v = i * step;
    out.push({ v, text: write(Math.abs(v) < step * 1e-9 ? 0 : v) });
  }
  return out;
}

function logTicks(scale, count, kind) {
  const decades = Math.log10(scale.hi / scale.lo);
  if (decades < 1) return linearTicks(scale, count, kind);
  if (kind === "seconds") return logTimeTicks(scale);
  const marks = decades < 2.5 ? [1, 2, 5] : [1];
  const write = kind === "bytes" ? bytesText : (v) => (v >= 1e-3 ? roundText(v) : v.toExponential(0));
  const out = [];
  const stride = Math.max(1, Math.ceil(decades / count));
  for (let e = Math.floor(Math.log10(scale.lo)); e <= Math.log10(scale.hi); e++) {
    if (((e % stride) + stride) % stride) continue;
    for (const m of marks) {
      const v = Number((m * 10 ** e).toPrecision(3));
      if (v >= scale.lo * 0.999 && v <= scale.hi * 1.001) out.push({ v, text: write(v) });
    }
  }
  return out;
}

function logTimeTicks(scale) {
  const nice = [0.01, 0.1, 1, 10, 60, 600, 3600, 21600, 86400, 864000];
  return nice
    .filter((v) => v >= scale.lo && v <= scale.hi)
    .map((v) => ({ v, text: v < 1 ? v + " s" : timeTick(v, 1) }));
}

/** 0.05, 2, 500, 20K, 1M: round values, written short. */
function roundText(v) {
  const units = [
    [1e9, "B"],
    [1e6, "M"],
    [1e4, "K"],
  ];
  const unit = units.find(([size]) => v >= size);
  return unit ? trimZeros(String(v / (unit[1] === "K" ? 1e3 : unit[0]))) + unit[1] : String(v);
}

const ticksOf = (scale, count, kind) => (scale.log ? logTicks : linearTicks)(scale, Math.max(2, count), kind);

// ---- series ----

/**
 * A mean weighted by exp(-distance / width) to both sides, so that the line does not lag. At a run's beginning, where
 * curves are steep, the width is smaller: a part of the steps done. Gaps stay gaps.
 */
function smooth(steps, values, width) {
  const n = values.length,
    sums = new Float64Array(n),
    weights = new Float64Array(n);
  const pass = (from, to, way) => {
    let sum = 0,
      weight = 0;
    for (let i = from; i !== to; i += way) {
      if (i !== from) {
        const local = Math.min(width, (0.15 * (steps[i] + steps[i - way])) / 2 + 0.1);
        const fade = Math.exp(-Math.abs(steps[i] - steps[i - way]) / local);
        sum *= fade;
        weight *= fade;
      }
      const v = values[i];
      if (v !== null) {
        sum += v;
        weight += 1;
      }
      sums[i] += sum;
      weights[i] += weight;
    }
  };
  pass(0, n, 1);
  pass(n - 1, -1, -1);
  return values.map((v, i) => (v === null ? null : (sums[i] - v) / (weights[i] - 1)));
}

/** First index whose x is at least `x`; xs rise (null counts as before everything). */
function lowerBound(xs, x) {
  let lo = 0,
    hi = xs.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (xs[mid] === null || xs[mid] < x) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/** One series of one run as a panel shows it. */
class Line {
  constructor(run, series, options) {
    Object.assign(this, { run, series, ...options }); // runName, runLabel (short), validation, smoothable
    this.smoothFor = -1;
  }
  get color() {
    return this.validation && view.runs === 1 ? colorOf(1) : colorOf(this.run);
  }
  xs() {
    return this.series[view.axis] || [];
  }
  smoothed() {
    if (!this.smoothable || view.smoothing <= 0 || this.series.value.length < 5) return null;
    if (this.smoothFor !== view.smoothing) {
      this.smoothFor = view.smoothing;
      this.smoothValues = smooth(this.series.step, this.series.mean || this.series.value, view.smoothing);
    }
    return this.smoothValues;
  }
  /** Index of the point nearest to x that has a value, or -1. */
  nearest(x) {
    const xs = this.xs(),
      v = this.series.value,
      at = lowerBound(xs, x);
    let best = -1;
    for (let i = Math.max(0, at - 3); i < Math.min(xs.length, at + 3); i++) {
      if (v[i] !== null && xs[i] !== null && (best < 0 || Math.abs(xs[i] - x) < Math.abs(xs[best] - x))) best = i;
    }
    return best;
  }
}

/** The whole extent of x over all shown lines; the least positive one for a logarithmic axis. */
function extentX(lines) {
  let lo = Infinity,
    hi = -Infinity;
  for (const line of lines) {
    const xs = line.xs();
    const first = xs[view.logX ? lowerBound(xs, Number.MIN_VALUE) : lowerBound(xs, -Infinity)];
    const last = xs[xs.length - 1];
    if (first == null || last == null) continue;
    lo = Math.min(lo, first);
    hi = Math.max(hi, last);
  }
  if (!(hi >= lo)) return view.logX ? [1, 10] : [0, 1];
  if (!view.logX && lo > 0 && lo < 0.12 * hi) lo = 0;
  if (lo === hi) return view.logX ? [lo / 2, lo * 2] : [lo - Math.max(1, lo * 0.1), hi + Math.max(1, hi * 0.1)];
  return [lo, hi];
}

/** The y range of what is seen. A few far outliers do not flatten the rest: they get a mark at the edge. */
function extentY(values, log) {
  const sorted = Float64Array.from(log ? values.filter((v) => v > 0) : values).sort();
  if (!sorted.length) return log ? [0.1, 1] : [0, 1];
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  const f = log ? Math.log : (v) => v,
    back = log ? Math.exp : (v) => v;
  let lo = f(sorted[0]),
    hi = f(sorted[sorted.length - 1]);
  const body = [f(at(0.01)), f(at(0.99))],
    reach = 6 * (body[1] - body[0]);
  if (reach > 0 && sorted.length > 50 && !log) {
    if (hi > body[1] + reach) hi = body[1] + reach / 6;
    if (lo < body[0] - reach) lo = body[0] - reach / 6;
  }
  const pad = (hi - lo) * 0.05 || Math.abs(hi) * 0.1 || (log ? 0.5 : 1);
  // A quantity that is never negative is not shown with room below zero.
  return [back(!log && lo >= 0 ? Math.max(0, lo - pad) : lo - pad), back(hi + pad)];
}

const cssColor = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Sizes the canvas to its box in device pixels and returns a context in CSS pixels. */
function prepare(canvas) {
  const box = canvas.getBoundingClientRect(),
    ratio = window.devicePixelRatio || 1;
  const w = Math.round(box.width * ratio),
    h = Math.round(box.height * ratio);
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const ctx = canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, box.width, box.height);
  ctx.font = FONT;
  return { ctx, width: box.width, height: box.height };
}
