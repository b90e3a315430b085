// Sliders -> numbers on the page, one part for each head.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const redraws = [];

  function start(head, at) {
    const $ = (name) => document.getElementById(`h${at}-${name}`);
    const text = (name, value) => ($(name).textContent = value);
    const multiclass = head.task === "multiclass";
    const bounds = [null, ...head.bounds];
    const own = { cuts: ownCuts(head), bound: Math.max(bounds.indexOf(head.reject_below), 0) };
    const choice = { cuts: [...own.cuts], bound: own.bound };
    let chosen = 0; // the question in the charts
    let timer = 0;

    const question = () => head.questions[chosen];
    const threshold = () => (multiclass ? null : question().cuts[choice.cuts[chosen]]);
    const summary = (which = choice) => Counts.summary(head, which, price());
    const charts = {
      pr: Charts.precisionRecall($("pr")),
      roc: Charts.roc($("roc")),
      reliability: Charts.reliability($("reliability")),
      histogram: Charts.histogram($("histogram"), head.weighted),
    };
    redraws.push(() => Object.values(charts).forEach((chart) => chart.redraw(false, false)));
    const curves = head.questions.map(Counts.curve);

    function price() {
      const of = (name) => Math.max(Number($(name)?.value) || 0, 0);
      const costs = head.costs.map((row) => [...row]);
      if (!multiclass) [costs[0][1], costs[1][0]] = [of("fp"), of("fn")];
      const mistake = costs.length ? 0 : of("mistake");
      const at = (i, j) => (costs.length ? costs[i][j] : i === j ? 0 : mistake);
      return { of: at, rejected: of("open") };
    }

    function show() {
      const now = summary();
      showTiles(now);
      showTables(now);
      showPoint(now);
      showRule();
      clearTimeout(timer);
      const said = Words.spoken(now, threshold(), bounds[choice.bound]);
      timer = setTimeout(() => text("status", said), 400);
    }

    function showTiles(now) {
      for (const name of ["precision", "recall", "f1", "accuracy", "coverage"]) {
        text(name, Words.share(now[name]));
        text(`${name}-change`, Words.change((now[name] ?? 0) - head.metrics[name], Words.share));
      }
      text("cost", Words.amount(now.cost));
      text("cost-change", Words.change(now.cost - summary(own).cost, Words.amount));
    }

    function showTables(now) {
      const labels = head.task === "multilabel";
      const counts = multiclass ? now.counts : now.each[chosen];
      const hint = Tables.confusion($("matrix"), counts, labels ? ["no", "yes"] : head.names);
      text("matrix-hint", labels ? `Of “${question().name}”. ${hint}` : hint);
      const marked = multiclass ? question().class : labels ? chosen : -1;
      Tables.classes($("classes"), head, now, choice.cuts, marked);
    }

    function showPoint(now) {
      const curve = curves[chosen];
      const point = multiclass
        ? Counts.decidedPoint(now, question().class)
        : curve.points[choice.cuts[chosen]];
      Charts.showPrecisionRecall(charts.pr, curve, point);
      Charts.showRoc(charts.roc, curve, point);
      Charts.mark(charts.histogram, threshold());
      const [precision, recall, fpr] = [point.precision, point.recall, point.fpr].map(Words.share);
      const of = `of ${question().name}`;
      label("pr", `Precision ${precision} at recall ${recall} ${of}`);
      label("roc", `True positive rate ${recall} at false positive rate ${fpr} ${of}`);
    }

    const label = (name, words) => $(name).setAttribute("aria-label", words);

    function showChosen() {
      const { name, bars } = question();
      const curve = head.reliability[head.task === "multilabel" ? chosen : 0];
      Charts.showReliability(charts.reliability, curve);
      Charts.showHistogram(charts.histogram, bars, threshold());
      const { average_precision: average, roc_auc: area } = head.areas[chosen];
      const of = () => Tables.named("span", name);
      const dot = multiclass ? "what is decided for it, but for the rejected" : "the threshold, without rejection";
      caption("pr", of(), `: average precision ${Words.share(average)}. The dot is ${dot}.`);
      caption("roc", of(), `: area ${Words.share(area)}. The dot is ${dot}, the dashed line chance.`);
      const before = curve.before ? [key("muted"), "before"] : [];
      caption("reliability", key("accent"), curve.before ? "calibrated" : "model", ...before,
        ". On the dashed line probabilities are right.");
      const other = head.task === "binary" ? Tables.named("span", head.names[0]) : "the others";
      caption("histogram", key("accent"), of(), key("other"), other,
        multiclass ? "" : ". The line is the threshold.");
      const [yes, no] = [bars.yes, bars.no].map(Counts.sum).map(Words.whole);
      label("histogram", `Histogram of the probability of ${name}: ${yes} rows where it is true, ${no} others`);
      label("reliability", Words.points(curve));
    }

    function caption(name, ...parts) {
      $(name).parentElement.querySelector("figcaption").replaceChildren(...parts);
    }

    function key(color) {
      const box = Tables.made("span", "", "key");
      box.style.background = `var(--${color})`;
      return box;
    }

    function showRule() {
      const bound = bounds[choice.bound];
      const value = ({ kind, label: k }) =>
        kind === "reject_below" ? bound : head.questions[k].cuts[choice.cuts[k]];
      const last = head.rule.length - 1;
      const shown = head.rule.filter((_, k) => k < last || bound !== null);
      $("rule").replaceChildren(...shown.map((parts) => {
        const sentence = Tables.made("p");
        sentence.dir = "auto";
        sentence.append(...parts.map((part) =>
          typeof part === "string" ? part : Tables.made("b", Words.cut(value(part)))));
        return sentence;
      }));
      const [call, said] = Words.python(head, choice);
      $("python").replaceChildren(call, Tables.made("wbr"), said);
      sync("bound", bound === null ? "none" : Words.cut(bound), choice.bound);
      if (!multiclass) sync("threshold", Words.cut(threshold()), choice.cuts[chosen]);
    }

    function sync(name, shown, value) {
      const slider = $(name);
      slider.max = name === "bound" ? bounds.length - 1 : question().cuts.length - 1;
      slider.value = value;
      slider.setAttribute("aria-valuetext", shown);
      text(`${name}-value`, shown);
    }

    function setCut(k) {
      if (head.shared) choice.cuts.fill(k);
      else choice.cuts[chosen] = k;
    }
    const setBound = (k) => (choice.bound = k);

    // The best place of a slider, all else as it is.
    function search(count, place, value) {
      let best = [-Infinity, 0];
      for (let k = 0; k < count; k++) {
        place(k);
        const found = value(summary());
        if (found > best[0]) best = [found, k];
      }
      place(best[1]);
      show();
    }

    const alone = head.task === "multilabel" && !head.shared;
    const f1 = (now) => (alone ? now.classes[chosen].f1 : now.f1) ?? 0;
    const watch = (name, event, act) => $(name)?.addEventListener(event, act);
    watch("threshold", "input", (e) => { setCut(Number(e.target.value)); show(); });
    watch("bound", "input", (e) => { setBound(Number(e.target.value)); show(); });
    watch("chosen", "change", (e) => { chosen = Number(e.target.value); showChosen(); show(); });
    watch("reset", "click", () => { choice.cuts = [...own.cuts]; choice.bound = own.bound; show(); });
    watch("best", "click", () => search(question().cuts.length, setCut, f1));
    watch("cheapest", "click", () =>
      search(...(multiclass ? [bounds.length, setBound] : [question().cuts.length, setCut]),
        (now) => -now.cost));
    for (const name of ["fp", "fn", "mistake", "open"]) watch(name, "input", show);
    watch("copy", "click", () => copy($("python"), (done) => {
      text("copy", done ? "Copied" : "Selected");
      text("status", done ? "Copied" : "Selected: press Ctrl+C");
      setTimeout(() => text("copy", "Copy"), 1500);
    }));
    showChosen();
    show();
  }

  // The model's own thresholds as places on the sliders: they are on offer.
  function ownCuts(head) {
    if (head.task === "multiclass") return [];
    return head.questions.map(({ cuts }, k) => {
      const said = head.threshold[head.shared ? 0 : k];
      return cuts.indexOf(said);
    });
  }

  async function copy(element, say) {
    const range = document.createRange();
    range.selectNodeContents(element);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    try {
      await navigator.clipboard.writeText(element.textContent);
      say(true);
    } catch {
      say(document.execCommand("copy")); // in a frame that may not reach the clipboard
    }
  }

  function theme() {
    const root = document.documentElement;
    const button = document.getElementById("theme");
    const asked = matchMedia("(prefers-color-scheme: dark)");
    const set = (dark) => {
      root.dataset.theme = dark ? "dark" : "light";
      button.setAttribute("aria-pressed", String(dark));
      redraws.forEach((redraw) => redraw());
    };
    set(asked.matches);
    asked.addEventListener("change", () => set(asked.matches));
    button.addEventListener("click", () => set(root.dataset.theme !== "dark"));
    let before = false;
    addEventListener("beforeprint", () => { before = root.dataset.theme === "dark"; set(false); });
    addEventListener("afterprint", () => set(before));
  }

  theme();
  data.heads.forEach(start);
  document.documentElement.dataset.ready = "true";
})();
