#!/usr/bin/env python3
"""Looks at the pages of `slovo report` in a real browser, for who works on them.

Makes sample runs (a short one, one that learns worse, one of 40,000 logged steps with spikes and gaps, one that has not
logged yet), has slovo write their pages, and opens each in headless Chromium at several widths, light and dark. Writes
screenshots, and checks: no error in the script, nothing wider than the window, no label cut off, the whole drawn within a
second, at most 3 MB, and that hovering, zooming by drag, wheel, pinch and keyboard, and resetting work.

    python scripts/report_screenshots.py --out /tmp/report            (needs chromium; apt-get install chromium)
    python scripts/report_screenshots.py --out /tmp/report RUN...     pages of these runs too
"""
import argparse
import base64
import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WIDTHS = (1280, 800, 390, 320)
MOST_BYTES, MOST_DRAW_MS = 3_000_000, 1000
BROWSER_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 "--remote-debugging-pipe", "--hide-scrollbars")

# Runs before the page's own script: every label that a chart draws over the edge of its canvas is remembered.
WATCH_LABELS = """
window.cutLabels = [];
const fillText = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  const m = this.measureText(text), box = this.canvas.getBoundingClientRect();
  const left = x - m.actualBoundingBoxLeft, right = x + m.actualBoundingBoxRight;
  if (left < -0.5 || right > box.width + 0.5 || y + m.actualBoundingBoxDescent > box.height + 0.5) window.cutLabels.push(text);
  return fillText.apply(this, arguments);
};
"""
CUT_ELEMENTS = """
[...document.querySelectorAll('button, th, td, h1, h2, h3, p, figcaption, label, output')]
  .filter((e) => e.offsetParent && !e.classList.contains('unseen') && e.scrollWidth > e.clientWidth + 1
                 && getComputedStyle(e).display !== 'inline')
  .map((e) => e.tagName + ': ' + e.textContent.trim().slice(0, 40))
"""


def settings(width, steps, lr):
    return {"run": {"device": "auto", "dtype": "auto", "threads": 2, "seed": 1337, "log_level": "info"},
            "model": {"hidden_size": width, "num_hidden_layers": 4, "num_attention_heads": 4, "norm": "rms",
                      "intermediate_size": 4 * width, "tie_word_embeddings": True, "vocab_size": 4096},
            "tokenizer": {"kind": "bpe", "vocab_size": 4096},
            "data": {"paths": ["texts/**/*.txt"], "seq_len": 256, "valid_share": 0.05},
            "train": {"steps": steps, "batch_size": 8, "lr": lr, "min_lr": lr / 10, "warmup_steps": 100,
                      "schedule": "cosine", "sample_prompts": ["ROMEO:", "Once upon a time"]}}


def record(name, width, steps, lr):
    config = settings(width, steps, lr)
    return {"slovo": "0.1.0", "libtorch": "2.13.0", "processor": "AMD EPYC 9B14", "device": "cpu", "dtype": "bf16",
            "threads": 2, "seed": 1337, "parameters": 12 * 4 * width * width + 4096 * width,
            "command": f"slovo pretrain configs/pretrain/literature-bpe-cpu.json --data texts/**/*.txt --out runs/{name} "
                       f"--train.lr {lr}", "tokenizer": "99aa06d3014798d86001c324468d497f", "config": config,
            "data": [{"path": f"texts/{title}.txt", "split": split, "bytes": size, "hash": f"{size ** 5 * 7919:032x}"[-32:]}
                     for title, split, size in (("tales", "train", 1_115_394), ("letters", "train", 482_113),
                                                ("a/rather/long/path/of/a/collection/of/essays", "valid", 61_002))]}


def metrics(steps, every, lr, floor, noise, seed, extra=False):
    random.seed(seed)
    loss = lambda s: floor + (8.3 - floor) * math.exp(-s / (steps * 0.03)) * 0.7 + (8.3 - floor) * 0.3 / (1 + s / (steps * 0.1))
    for step in range(1, steps + 1):
        tokens = step * 2048
        warm = min(1, step / 100)
        rate = warm * lr * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        if step % every == 0:
            spike = 4 * random.random() if random.random() < 2 / (steps / every) * 4 else 0
            row = {"step": step, "tokens": tokens, "loss": loss(step) + random.gauss(0, noise) + spike, "lr": rate,
                   "grad_norm": abs(random.gauss(0.8, 0.15)) + 20 * spike, "tokens_per_s": round(random.gauss(20100, 700)),
                   "memory_bytes": 190e6 + 12e6 * min(1, step / 500) + random.randrange(10**6)}
            if extra:
                row |= {"mfu": random.gauss(0.41, 0.01), "rewards/margin": 2 * step / steps + random.gauss(0, 0.4),
                        "entropy": None if steps * 0.5 < step < steps * 0.53 else random.gauss(1.2, 0.1)}
            yield row
        if step % (steps // 10) == 0:
            value = loss(step) + 0.08 + (0.5 * (step / steps - 0.6) if noise > 0.1 and step > 0.6 * steps else 0)
            yield {"step": step, "tokens": tokens, "val_loss": value, "val_perplexity": math.exp(value)}
        if step % (steps // 5) == 0:
            yield {"step": step, "tokens": tokens, "samples": [
                {"prompt": "ROMEO:", "text": f"\nHis the before us it day, was much unto the dope\nFirst of {step} </script><b>&amp;"},
                {"prompt": "Once upon a time", "text": ", in a house by the sea, there lived \u0441\u0442\u0430\u0440\u044b\u0439 \u0440\u044b\u0431\u0430\u043a \u2028who " + "sang and " * 30}]}


def make_runs(folder):
    plans = {"verse": (128, 1000, 1e-3, 2.3, 0.08, 10, False), "verse-narrow": (64, 1500, 3e-3, 2.6, 0.12, 10, False),
             "long": (256, 40000, 6e-4, 2.0, 0.07, 1, True)}
    for seed, (name, (width, steps, lr, floor, noise, every, extra)) in enumerate(plans.items()):
        (folder / name).mkdir(parents=True)
        (folder / name / "run.json").write_text(json.dumps(record(name, width, steps, lr)))
        lines = [json.dumps(row) for row in metrics(steps, every, lr, floor, noise, seed, extra)]
        (folder / name / "metrics.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "new").mkdir()
    (folder / "new" / "run.json").write_text(json.dumps(record("new", 128, 1000, 1e-3)))


class Browser:
    """Chromium, driven through the pipe of its DevTools protocol."""

    def __init__(self, program, profile):
        ours, theirs = os.pipe(), os.pipe()
        command = 'exec "$@" 3<&%d 4>&%d' % (ours[0], theirs[1])
        self.process = subprocess.Popen(["bash", "-c", command, "bash", program, *BROWSER_FLAGS, f"--user-data-dir={profile}"],
                                        pass_fds=(ours[0], theirs[1]), stderr=subprocess.DEVNULL)
        os.close(ours[0])
        os.close(theirs[1])
        self.out, self.into, self.last, self.events, self.rest = ours[1], theirs[0], 0, [], b""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime"):
            self.call(domain + ".enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH_LABELS)

    def read(self):
        while b"\0" not in self.rest:
            piece = os.read(self.into, 1 << 20)
            if not piece:
                sys.exit("the browser ended")
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.last += 1
        message = {"id": self.last, "method": method, "params": parameters}
        if not method.startswith("Target.") and method != "Browser.close":
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.last:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            sys.exit(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def open(self, page, width, theme, touch=False):
        self.events.clear()
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=800 if width > 500 else 780,
                  deviceScaleFactor=1 if width > 500 else 2, mobile=touch)
        self.call("Emulation.setTouchEmulationEnabled", enabled=touch)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        self.call("Page.navigate", url=page.resolve().as_uri())
        self.settle("document.documentElement.dataset.drawMs")

    def settle(self, condition="true"):
        frames = "new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(r, 30))))"
        for _ in range(200):
            self.value(frames)
            if self.value(f"Boolean({condition})"):
                return
        sys.exit(f"the page did not get so far: {condition}")

    def screenshot(self, path, whole=True):
        box = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"clip": {"x": 0, "y": 0, "width": box["width"], "height": box["height"], "scale": 1}} if whole else {}
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **clip)["data"]
        path.write_bytes(base64.b64decode(data))

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def close(self):
        self.call("Browser.close")
        self.process.wait(timeout=20)


def problems_of(browser):
    errors = [event["params"]["exceptionDetails"]["exception"].get("description", "?") for event in browser.events
              if event.get("method") == "Runtime.exceptionThrown"]
    wide = browser.value("[document.documentElement.scrollWidth, innerWidth]")
    if wide[0] > wide[1]:
        errors.append(f"content is {wide[0]} px wide in a window of {wide[1]}")
    for what in (browser.value("window.cutLabels"), browser.value(CUT_ELEMENTS)):
        if what:
            errors.append(f"cut off: {sorted(set(what))[:6]}")
    return errors


def middle_of_first_chart(browser):
    return browser.value("""(() => { const c = document.querySelector('canvas.over'); c.scrollIntoView({block: 'center'});
      const r = c.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()""")


def try_reading(browser, out):
    """Hovers, zooms in each way, and resets; says what did not work."""
    left, top, width, height = middle_of_first_chart(browser)
    x, y = left + width * 0.6, top + height / 2
    zoom = lambda: browser.value("view.zoom")
    wrong = []

    def expect(what, condition):
        browser.settle()
        if not browser.value(condition):
            wrong.append(what)

    browser.mouse("mouseMoved", x, y)
    expect("hover", "!panels[0].tip.hidden && panels[1].tip.hidden")
    browser.screenshot(out.with_name(out.name + "-hover.png"), whole=False)
    for kind, at, buttons in (("mousePressed", x - width / 4, 1), ("mouseMoved", x - 20, 1), ("mouseMoved", x, 1), ("mouseReleased", x, 0)):
        browser.mouse(kind, at, y, button="left", buttons=buttons, clickCount=1)
    expect("drag", "view.zoom !== null && !document.getElementById('reset').disabled")
    browser.screenshot(out.with_name(out.name + "-zoom.png"), whole=False)
    before = zoom()
    browser.mouse("mouseWheel", x, y, deltaX=0, deltaY=-120, modifiers=2)
    expect("wheel", f"view.zoom[1] - view.zoom[0] < {before[1] - before[0] if before else 0}")
    for clicks in (1, 2):
        for kind in ("mousePressed", "mouseReleased"):
            browser.mouse(kind, x, y, button="left", clickCount=clicks)
    expect("double click", "view.zoom === null")
    browser.value("panels[0].over.focus()")
    for key in ("ArrowRight", "ArrowRight", "+"):
        browser.call("Input.dispatchKeyEvent", type="keyDown", key=key)
    expect("keyboard", "view.zoom !== null && document.getElementById('live').textContent.length > 0")
    browser.call("Input.dispatchKeyEvent", type="keyDown", key="Escape")
    expect("Esc", "view.zoom === null")
    return wrong


def try_pinching(browser):
    left, top, width, height = middle_of_first_chart(browser)
    y = top + height / 2
    for spread in (0.1, 0.2, 0.35):
        points = [{"x": left + width * (0.5 + side * spread), "y": y, "id": i} for i, side in enumerate((-1, 1))]
        browser.call("Input.dispatchTouchEvent", type="touchStart" if spread == 0.1 else "touchMove", touchPoints=points)
    browser.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    browser.settle()
    return [] if browser.value("view.zoom !== null") else ["pinch"]


def look_at(browser, name, page, out):
    wrong = []
    if page.stat().st_size > MOST_BYTES:
        wrong.append(f"{name}: {page.stat().st_size} bytes")
    times = []
    for width in WIDTHS:
        for theme in ("light", "dark"):
            browser.open(page, width, theme, touch=width < 500)
            times.append(int(browser.value("document.documentElement.dataset.drawMs")))
            browser.screenshot(out / f"{name}-{width}-{theme}.png")
            wrong += [f"{name}, {width} px, {theme}: {problem}" for problem in problems_of(browser)]
    if max(times) > MOST_DRAW_MS:
        wrong.append(f"{name}: drawn in {max(times)} ms")
    print(f"{name}: {page.stat().st_size:,} bytes, drawn in {min(times)} to {max(times)} ms")
    if browser.value("panels.length"):
        browser.open(page, 390, "light", touch=True)
        wrong += [f"{name}: {what} does not work" for what in try_pinching(browser)]
        browser.open(page, 1280, "light")
        wrong += [f"{name}: {what} does not work" for what in try_reading(browser, out / name)]
        browser.value("document.querySelectorAll('#axis-choice button')[2]?.click(); document.getElementById('log-x').click();"
                      " document.querySelectorAll('button.log').forEach((b) => b.click())")
        browser.settle()
        browser.screenshot(out / f"{name}-log.png")
        wrong += [f"{name}, log axes: {problem}" for problem in problems_of(browser)]
    data = browser.call("Page.printToPDF", printBackground=True)["data"]
    (out / f"{name}.pdf").write_bytes(base64.b64decode(data))
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the folder for pages and screenshots; emptied first")
    parser.add_argument("--slovo", type=Path, default=ROOT / "build/release/slovo")
    parser.add_argument("--browser", default=shutil.which("chromium") or shutil.which("google-chrome") or "chromium")
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN")
    args = parser.parse_args()
    shutil.rmtree(args.out, ignore_errors=True)
    runs = args.out / "runs"
    make_runs(runs)
    pages = {name: [runs / name] for name in ("verse", "long", "new")}
    pages["compare"] = [runs / name for name in ("verse", "verse-narrow", "long")]
    pages |= {f"given-{i + 1}": [run] for i, run in enumerate(args.runs)}
    wrong = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(args.browser, profile)
        for name, folders in pages.items():
            page = args.out / f"{name}.html"
            subprocess.run([args.slovo, "report", *folders, "--out", page], check=True, stdout=subprocess.DEVNULL)
            wrong += look_at(browser, name, page, args.out)
        browser.close()
    print("\n".join(wrong) or f"all is well; screenshots in {args.out}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
