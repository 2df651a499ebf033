// One chart: two canvases over each other (curves below, crosshair above), its caption and its readout. Reading by
// pointer, touch and keyboard; zooming changes the shared view and tells the page by `changed`.

const POINTER_SLACK = 5; // pixels that a click may move without being a drag

class Panel {
  constructor(spec, changed) {
    Object.assign(this, spec); // key, title, kind, lines, wide
    this.changed = changed;
    this.logY = false;
    this.pointers = new Map();
    this.build();
    this.listen();
  }

  build() {
    const validation = this.lines.some((l) => l.validation) && this.lines.some((l) => !l.validation);
    this.canvas = node("canvas", { "aria-hidden": "true" });
    this.over = node("canvas", { class: "over", tabindex: "0", role: "img" });
    this.tip = node("div", { class: "tip", hidden: "" });
    this.now = node("span", { class: "now" });
    this.keys = validation ? [0, 1].map(() => node("span", { class: "key" })) : [];
    this.log = node(
      "button",
      { type: "button", class: "log", "aria-pressed": "false", "aria-label": `${this.title}: logarithmic y` },
      "Log y",
    );
    this.plot = node("div", { class: "plot" }, this.canvas, this.over, this.tip);
    this.element = node(
      "figure",
      { class: this.wide ? "panel wide" : "panel" },
      node(
        "figcaption",
        {},
        node("span", { class: "name" }, this.title),
        this.now,
        ...(validation ? [node("span", { class: "keys" }, ...this.keys)] : []),
        this.log,
      ),
      this.plot,
    );
    this.log.addEventListener("click", () => {
      this.logY = !this.logY;
      this.log.setAttribute("aria-pressed", String(this.logY));
      this.draw();
    });
    new ResizeObserver(() => this.draw()).observe(this.plot);
  }

  shown() {
    return this.lines.filter((line) => !view.hidden.has(line.run) && line.xs().length);
  }

  // ---- drawing ----

  draw() {
    const { ctx, width, height } = prepare(this.canvas);
    if (width < 40) return;
    const lines = this.shown();
    const [x0, x1] = view.zoom || this.extent();
    const top = 8,
      bottom = height - (this.wide ? 36 : 22);
    const [y0, y1] = this.rangeY(lines, x0, x1);
    const y = new Scale(y0, y1, this.logY, bottom, top);
    const yTicks = ticksOf(y, (bottom - top) / 42, this.kind);
    const left = Math.ceil(Math.max(24, ...yTicks.map((t) => ctx.measureText(t.text).width))) + 10;
    const x = new Scale(x0, x1, view.logX, left, width - 12);
    Object.assign(this, { x, y, left, top, bottom, width, height });
    this.drawAxes(ctx, yTicks);
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top - 4, width - 12 - left + 4, bottom - top + 8);
    ctx.clip();
    for (const line of lines) this.drawLine(ctx, line);
    ctx.restore();
    if (!lines.length)
      this.drawNote(ctx, this.lines.some((l) => l.xs().length) ? "all runs are hidden" : "not known for this axis");
    this.caption(lines);
    this.drawHover();
  }

  rangeY(lines, x0, x1) {
    const values = [];
    for (const line of lines) {
      const xs = line.xs(),
        v = line.series.value;
      for (let i = lowerBound(xs, x0); i < xs.length && !(xs[i] > x1); i++) {
        if (v[i] !== null) values.push(v[i]);
      }
    }
    return extentY(values, this.logY);
  }

  drawAxes(ctx, yTicks) {
    const { x, y, left, top, bottom, width } = this;
    ctx.strokeStyle = cssColor("--line");
    ctx.fillStyle = cssColor("--muted");
    ctx.lineWidth = 1;
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    ctx.beginPath();
    for (const { v, text } of yTicks) {
      const at = Math.round(y.px(v)) + 0.5;
      ctx.moveTo(left, at);
      ctx.lineTo(width - 12, at);
      ctx.fillText(text, left - 8, at);
    }
    ctx.stroke();
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    ctx.beginPath();
    let free = -Infinity;
    for (const { v, text } of ticksOf(x, (width - left) / 90, view.axis)) {
      const half = ctx.measureText(text).width / 2;
      const at = Math.round(x.px(v)) + 0.5;
      const center = Math.min(Math.max(at, half + 1), width - half - 1);
      if (center - half < free) continue;
      free = center + half + 10;
      ctx.moveTo(at, bottom);
      ctx.lineTo(at, bottom + 4);
      ctx.fillText(text, center, bottom + 8);
    }
    ctx.stroke();
    if (this.wide) ctx.fillText(AXIS_NAMES[view.axis].toLowerCase(), (left + width - 12) / 2, bottom + 23);
  }

  drawNote(ctx, text) {
    ctx.fillStyle = cssColor("--muted");
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillText(text, (this.left + this.width) / 2, (this.top + this.bottom) / 2);
  }

  drawLine(ctx, line) {
    const smoothed = line.smoothed();
    const values = line.series.value;
    ctx.strokeStyle = ctx.fillStyle = line.color;
    ctx.lineJoin = "round";
    if (smoothed) {
      const [begin, end] = this.inSight(line.xs());
      ctx.globalAlpha = end - begin > this.width - this.left ? 0.2 : 0.32;
      ctx.lineWidth = 1;
      this.trace(ctx, line, values);
      ctx.globalAlpha = 0.75; // a rim, so that the smooth line stands out from its own raw one
      ctx.lineWidth = 5;
      ctx.strokeStyle = cssColor("--panel");
      this.trace(ctx, line, smoothed);
      ctx.strokeStyle = line.color;
      ctx.globalAlpha = 1;
    }
    ctx.lineWidth = line.validation ? 2 : 1.7;
    ctx.setLineDash(view.runs > 1 ? dashOf(line.run) : []);
    this.trace(ctx, line, smoothed || values);
    ctx.setLineDash([]);
    this.drawPoints(ctx, line, values);
    this.drawOutside(ctx, line, values);
  }

  /** Indices of the points in sight, with one more on each side. */
  inSight(xs) {
    const begin = Math.max(0, lowerBound(xs, this.x.lo) - 1);
    return [begin, Math.min(xs.length, lowerBound(xs, this.x.hi) + 2)];
  }

  drawable(x, v) {
    return v !== null && x !== null && !(view.logX && x <= 0) && !(this.logY && v <= 0);
  }

  /** The curve; where several points share a column of pixels, only the first, extremes and last are drawn. */
  trace(ctx, line, values) {
    const xs = line.xs(),
      [begin, end] = this.inSight(xs);
    let open = false,
      column = null;
    const flush = () => {
      if (!column) return;
      const { px, first, lo, hi, last } = column;
      if (open) ctx.lineTo(px, first);
      else ctx.moveTo(px, first);
      if (lo < Math.min(first, last)) ctx.lineTo(px, lo);
      if (hi > Math.max(first, last)) ctx.lineTo(px, hi);
      if (last !== first) ctx.lineTo(px, last);
      open = true;
      column = null;
    };
    ctx.beginPath();
    for (let i = begin; i < end; i++) {
      if (!this.drawable(xs[i], values[i])) {
        flush();
        open = false;
        continue;
      }
      const px = Math.round(this.x.px(xs[i]) * 2) / 2,
        py = this.y.px(values[i]);
      if (column && column.px === px) {
        column.lo = Math.min(column.lo, py);
        column.hi = Math.max(column.hi, py);
        column.last = py;
      } else {
        flush();
        column = { px, first: py, lo: py, hi: py, last: py };
      }
    }
    flush();
    ctx.stroke();
  }

  /** Rings on validation points while there is room for them; a dot where a point stands alone. */
  drawPoints(ctx, line, values) {
    const xs = line.xs(),
      [begin, end] = this.inSight(xs);
    const rings = line.validation && end - begin <= (this.width - this.left) / 14;
    for (let i = begin; i < end; i++) {
      if (!this.drawable(xs[i], values[i])) continue;
      const alone = (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null;
      if (!rings && !alone) continue;
      ctx.beginPath();
      ctx.arc(this.x.px(xs[i]), this.y.px(values[i]), rings ? 3 : 2.5, 0, 2 * Math.PI);
      if (rings) {
        ctx.fillStyle = cssColor("--panel");
        ctx.fill();
        ctx.lineWidth = 1.7;
        ctx.stroke();
        ctx.fillStyle = line.color;
      } else ctx.fill();
    }
  }

  /** Triangles at the edge for points outside the range of y. */
  drawOutside(ctx, line, values) {
    const xs = line.xs(),
      [begin, end] = this.inSight(xs);
    const last = { "-1": -Infinity, 1: -Infinity };
    for (let i = begin; i < end; i++) {
      if (!this.drawable(xs[i], values[i])) continue;
      const side = values[i] > this.y.hi ? 1 : values[i] < this.y.lo ? -1 : 0;
      const px = this.x.px(xs[i]);
      if (!side || px - last[side] < 8 || px < this.left || px > this.width - 12) continue;
      last[side] = px;
      const edge = side > 0 ? this.top - 3 : this.bottom + 3;
      ctx.beginPath();
      ctx.moveTo(px, edge);
      ctx.lineTo(px - 4, edge + side * 7);
      ctx.lineTo(px + 4, edge + side * 7);
      ctx.fill();
    }
  }

  /** The latest value, and what a screen reader says of the chart. */
  caption(lines) {
    const write = VALUE_TEXT[this.kind];
    const ends = lines.map((line) => {
      const known = line.series.value.filter((v) => v !== null);
      return { line, first: known[0], last: known[known.length - 1] };
    });
    this.now.textContent = view.runs === 1 && !this.keys.length ? ends.map((e) => write(e.last)).join(", ") : "";
    this.over.setAttribute(
      "aria-label",
      `${this.title}. ` +
        ends
          .map(
            (e) =>
              `${view.runs > 1 ? e.line.runName + ", " : ""}${e.line.validation ? "validation" : "training"}: from ${write(e.first)} to ${write(e.last)}`,
          )
          .join("; ") +
        ". Arrow keys read values.",
    );
    this.keys.forEach((key, i) => {
      const value =
        view.runs === 1 ? ends.filter((e) => e.line.validation === (i === 1)).map((e) => write(e.last)) : [];
      key.replaceChildren(
        swatch(view.runs > 1 ? cssColor("--muted") : colorOf(i), [], i === 1),
        [i === 1 ? "validation" : "training", ...value].join(" "),
      );
    });
  }

  // ---- crosshair and readout ----

  drawHover() {
    const { ctx } = prepare(this.over);
    this.tip.hidden = true;
    const hover = view.hover;
    if (this.selection) {
      ctx.fillStyle = cssColor("--accent");
      ctx.globalAlpha = 0.16;
      ctx.fillRect(
        Math.min(...this.selection),
        this.top,
        Math.abs(this.selection[1] - this.selection[0]),
        this.bottom - this.top,
      );
      ctx.globalAlpha = 1;
    }
    if (!hover || !this.x || hover.x < this.x.lo || hover.x > this.x.hi) return;
    const px = Math.round(this.x.px(hover.x)) + 0.5;
    ctx.strokeStyle = cssColor("--field");
    ctx.setLineDash([3, 3]);
    ctx.beginPath();
    ctx.moveTo(px, this.top);
    ctx.lineTo(px, this.bottom);
    ctx.stroke();
    const found = this.shown()
      .filter((line) => this.reaches(line.run, hover.x))
      .map((line) => ({ line, i: line.nearest(hover.x) }))
      .filter((f) => f.i >= 0);
    for (const { line, i } of found) {
      const v = (line.smoothed() || line.series.value)[i];
      if (!this.drawable(line.xs()[i], v) || v > this.y.hi || v < this.y.lo) continue;
      ctx.beginPath();
      ctx.arc(this.x.px(line.xs()[i]), this.y.px(v), 3.5, 0, 2 * Math.PI);
      ctx.fillStyle = line.color;
      ctx.fill();
    }
    if (hover.panel === this && found.length) this.showTip(found, px);
  }

  /** Whether the run, of which several lines may be here, has values about x. */
  reaches(run, x) {
    const ends = this.lines
      .filter((l) => l.run === run)
      .flatMap((l) => [l.xs()[0], l.xs()[l.xs().length - 1]])
      .filter((v) => v != null);
    return this.x.px(x) > this.x.px(Math.min(...ends)) - 6 && this.x.px(x) < this.x.px(Math.max(...ends)) + 6;
  }

  showTip(found, px) {
    const write = VALUE_TEXT[this.kind];
    const main = found.find((f) => !f.line.validation) || found[0];
    const place = ["step", "tokens", "seconds"]
      .map((axis) => {
        const at = main.line.series[axis]?.[main.i];
        return at == null
          ? ""
          : axis === "step"
            ? "step " + withCommas(at)
            : axis === "tokens"
              ? counted(at) + " tokens"
              : duration(at);
      })
      .filter(Boolean)
      .join(" \u00b7 ");
    this.tip.replaceChildren(node("div", { class: "at" }, place), this.tipTable(found, write, main));
    this.tip.hidden = false;
    const room = this.width - this.tip.offsetWidth;
    const right = px + 14 <= room;
    this.tip.style.left = Math.max(0, Math.min(room, right ? px + 14 : px - 14 - this.tip.offsetWidth)) + "px";
    this.tip.style.top = this.top + "px";
    if (view.hover.spoken) document.getElementById("live").textContent = this.tip.innerText.replace(/\s+/g, " ");
  }

  /** A row for each run: value, smoothed value, validation. */
  tipTable(found, write, main) {
    const smoothed = found.some((f) => f.line.smoothed()),
      validation = this.keys.length > 0;
    const head = [
      "",
      view.runs > 1 ? "" : null,
      validation ? "training" : "value",
      smoothed ? "smoothed" : null,
      validation ? "validation" : null,
    ];
    const rows = [...new Set(found.map((f) => f.line.run))].map((run) => {
      const training = found.find((f) => f.line.run === run && (!f.line.validation || !validation));
      const valid = found.find((f) => f.line.run === run && f.line.validation);
      const line = (training || valid).line,
        step = valid && valid.line.series.step[valid.i];
      const later =
        valid && step !== main.line.series.step[main.i]
          ? node("span", { class: "dim" }, " at " + withCommas(step))
          : "";
      return [
        swatch(line.color, view.runs > 1 ? dashOf(run) : []),
        view.runs > 1 ? line.runLabel : null,
        training ? write(training.line.series.value[training.i]) : "",
        smoothed ? (training?.line.smoothed() ? write(training.line.smoothed()[training.i]) : "") : null,
        validation ? node("span", {}, valid ? write(valid.line.series.value[valid.i]) : "", later) : null,
      ];
    });
    const row = (tag, cells) =>
      node(
        "tr",
        {},
        ...cells.map((cell, i) => (cell === null ? "" : node(tag, { class: ["", "run", "", "smooth", ""][i] }, cell))),
      );
    const labels = smoothed || validation ? [node("thead", {}, row("th", head))] : [];
    return node("table", {}, ...labels, node("tbody", {}, ...rows.map((cells) => row("td", cells))));
  }

  // ---- input ----

  listen() {
    const over = this.over;
    over.addEventListener("pointerdown", (e) => this.down(e));
    over.addEventListener("pointermove", (e) => this.move(e));
    over.addEventListener("pointerup", (e) => this.up(e));
    over.addEventListener("pointercancel", (e) => this.drop(e));
    over.addEventListener("pointerleave", (e) => {
      if (!this.pointers.size && e.pointerType === "mouse") this.hoverAt(null);
    });
    over.addEventListener("dblclick", () => this.zoomTo(null));
    over.addEventListener("wheel", (e) => this.wheel(e), { passive: false });
    over.addEventListener("keydown", (e) => this.keyed(e));
    over.addEventListener("blur", () => this.hoverAt(null));
  }

  at(e) {
    return Math.min(Math.max(e.clientX - this.over.getBoundingClientRect().left, this.left), this.width - 12);
  }

  hoverAt(x, spoken = false) {
    view.hover = x === null ? null : { x, panel: this, spoken };
    this.changed("hover");
  }

  zoomTo(range) {
    const [lo, hi] = this.extent();
    if (range) {
      range = [Math.max(lo, range[0]), Math.min(hi, range[1])];
      if (!(range[1] - range[0] > (hi - lo) * 1e-5)) return;
      if (range[0] <= lo && range[1] >= hi) range = null;
    }
    view.zoom = range;
    this.changed("zoom");
  }

  /** Zooms by `factor` about the pixel. */
  zoomAbout(px, factor) {
    const { x, left, width } = this;
    const edge = (p) => x.value(px + (p - px) * factor);
    this.zoomTo([edge(left), edge(width - 12)]);
  }

  down(e) {
    if (e.pointerType === "mouse" && e.button !== 0) return;
    this.pointers.set(e.pointerId, (this.came = this.at(e)));
    this.over.setPointerCapture(e.pointerId);
    if (e.pointerType === "mouse") this.start = this.at(e);
    else if (this.pointers.size === 2)
      this.pinch = { px: [...this.pointers.values()], value: [...this.pointers.values()].map((p) => this.x.value(p)) };
    else this.hoverAt(this.x.value(this.at(e)));
  }

  move(e) {
    if (!this.x) return;
    const px = this.at(e);
    if (this.pointers.has(e.pointerId)) this.pointers.set(e.pointerId, px);
    if (this.pointers.size === 2 && this.pinch) {
      this.pinched();
      return;
    }
    if (this.start !== undefined && Math.abs(px - this.start) > POINTER_SLACK) this.selection = [this.start, px];
    this.hoverAt(this.x.value(px));
  }

  /** Puts the values that lay under two fingers when they came down under where they are now. */
  pinched() {
    const [a, b] = [...this.pointers.values()],
      [va, vb] = this.pinch.value;
    if (Math.abs(a - b) < 20) return;
    const f = view.logX ? Math.log : (v) => v,
      back = view.logX ? Math.exp : (v) => v;
    const slope = (f(vb) - f(va)) / (b - a);
    if (!(slope > 0)) return;
    this.zoomTo([back(f(va) + (this.left - a) * slope), back(f(va) + (this.width - 12 - a) * slope)]);
  }

  up(e) {
    const selection = this.selection;
    const tapped =
      e.pointerType !== "mouse" && this.pointers.size === 1 && Math.abs(this.at(e) - this.came) < POINTER_SLACK;
    this.drop(e);
    if (selection) this.zoomTo(selection.map((p) => this.x.value(p)).sort((a, b) => a - b));
    if (tapped) {
      // not every browser makes a double click of two taps
      if (e.timeStamp - (this.tapped || 0) < 350) this.zoomTo(null);
      this.tapped = e.timeStamp;
    }
  }

  drop(e) {
    this.pointers.delete(e.pointerId);
    if (this.pointers.size < 2) this.pinch = undefined;
    this.start = this.selection = undefined;
  }

  /** The wheel alone scrolls the page, unless the chart was clicked. A pinch on a touch pad comes with ctrlKey. */
  wheel(e) {
    if (!e.ctrlKey && !e.metaKey && document.activeElement !== this.over) return;
    e.preventDefault();
    this.zoomAbout(this.at(e), Math.exp(Math.max(-60, Math.min(60, e.deltaY)) * (e.ctrlKey ? 0.01 : 0.004)));
  }

  keyed(e) {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 }[e.key];
    const middle = view.hover ? this.x.px(view.hover.x) : (this.left + this.width) / 2;
    if (step) this.stepBy(step);
    else if (e.key === "Home" || e.key === "End") this.stepBy(e.key === "Home" ? -Infinity : Infinity);
    else if (e.key === "+" || e.key === "=") this.zoomAbout(middle, 0.6);
    else if (e.key === "-") this.zoomAbout(middle, 1 / 0.6);
    else if (e.key === "Escape" || e.key === "0") this.zoomTo(null);
    else return;
    e.preventDefault();
  }

  /** Moves the crosshair by points of the first line. */
  stepBy(step) {
    const line = this.shown()[0];
    if (!line) return;
    const xs = line.xs();
    const from = view.hover ? line.nearest(view.hover.x) : lowerBound(xs, this.x.lo) - Math.sign(step);
    const last = Math.min(xs.length, lowerBound(xs, this.x.hi) + 1) - 1;
    const to = Math.min(Math.max(from + step, lowerBound(xs, this.x.lo)), xs[last] > this.x.hi ? last - 1 : last);
    this.hoverAt(xs[to], true);
  }
}
