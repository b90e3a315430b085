// Counts -> uPlot charts. Colors are read at each drawing, so that a theme may change.
"use strict";
const Charts = (() => {
  const ink = (name) => () =>
    getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const FONT = "12px system-ui, sans-serif";
  const shares = { time: false, range: [-0.02, 1.02] };

  const axis = (label, more = {}) => ({
    label,
    stroke: ink("muted"),
    font: FONT,
    labelFont: FONT,
    labelSize: 20,
    grid: { stroke: ink("line"), width: 1 },
    ticks: { stroke: ink("line"), width: 1, size: 4 },
    ...more,
  });
  const tenths = (_, splits) => splits.map((v) => String(Math.round(v * 100) / 100));
  const fifths = { splits: () => [0, 0.2, 0.4, 0.6, 0.8, 1], values: tenths };
  const across = { ...fifths, size: 28 };
  const line = (color, more = {}) => ({
    stroke: ink(color),
    width: 2,
    points: { show: false },
    spanGaps: true,
    ...more,
  });
  const dots = (color, size) => ({
    stroke: ink(color),
    paths: () => null,
    points: { show: true, size, width: 2, stroke: ink("card"), fill: ink(color) },
  });
  const dashed = line("muted", { width: 1, dash: [4, 4] });

  // A chart in an element, as wide as that is.
  function mounted(element, options, data) {
    const height = () => Math.round(Math.min(300, Math.max(220, element.clientWidth * 0.72)));
    const size = () => ({ width: Math.max(element.clientWidth, 200), height: height() });
    const chart = new uPlot(
      {
        ...size(),
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 8, 0, 0],
        ...options,
      },
      data,
      element,
    );
    const follow = () => {
      const { width } = size();
      if (width !== chart.width) chart.setSize(size());
    };
    new ResizeObserver(follow).observe(element);
    return chart;
  }

  function unit(element, xLabel, yLabel, series) {
    const axes = [axis(xLabel, across), axis(yLabel, { ...fifths, size: 42 })];
    const data = [[], ...series.map(() => [])];
    return mounted(
      element,
      { scales: { x: shares, y: { range: [-0.02, 1.02] } }, axes, series: [{}, ...series] },
      data,
    );
  }

  const precisionRecall = (element) =>
    unit(element, "Recall", "Precision", [line("accent"), dots("mark", 13)]);
  const roc = (element) =>
    unit(element, "False positive rate", "True positive rate", [
      line("accent"),
      dashed,
      dots("mark", 13),
    ]);
  const reliability = (element) =>
    unit(element, "Mean probability", "Share that came true", [
      dashed,
      line("muted", { points: { show: true, size: 6, fill: ink("muted") } }),
      line("accent", { points: { show: true, size: 7, fill: ink("accent") } }),
    ]);

  // uPlot wants x in order; the chosen point is a series with a single value.
  function ordered(points, chosen, x, y) {
    const known = points.filter((p) => p[x] !== null && p[y] !== null);
    const marked = chosen && chosen[x] !== null && chosen[y] !== null;
    const rows = known.map((p) => [p[x], p[y], null]);
    if (marked) rows.push([chosen[x], null, chosen[y]]);
    rows.sort((a, b) => a[0] - b[0]);
    return [0, 1, 2].map((at) => rows.map((row) => row[at]));
  }

  function showPrecisionRecall(chart, { points, all }, chosen) {
    // From the highest threshold to the lowest: at equal recall the line goes down.
    const path = [...points].reverse().concat(all);
    chart.setData(ordered(path, chosen, "recall", "precision"));
  }

  function showRoc(chart, { points, all }, chosen) {
    const none = { fpr: 0, recall: 0 };
    const path = [none, ...[...points].reverse(), all];
    const [x, y, mark] = ordered(path, chosen, "fpr", "recall");
    chart.setData([x, y, diagonal(x), mark]);
  }

  const diagonal = (x) => x.map((v, at) => (at === 0 || at === x.length - 1 ? v : null));

  function showReliability(chart, { after, before }) {
    const table = (c) => [c.confidence, c.accuracy];
    const tables = [[[0, 1], [0, 1]], before ? table(before) : [[], []], table(after)];
    chart.setData(uPlot.join(tables));
  }

  // Bars of rows per score, on a scale that also shows the few between the many.
  function histogram(element, weighted) {
    const step = (color) =>
      line(color, {
        paths: uPlot.paths.stepped({ align: 1 }),
        fill: () => `${ink(color)()}33`,
        width: 1.5,
      });
    const decades = (_, __, ___, high) =>
      [0, ...Array.from({ length: 12 }, (_, k) => 10 ** k).filter((v) => v <= high)];
    const counts = {
      splits: decades,
      filter: (_, splits) => splits,
      values: (_, splits) => splits.map((v) => v.toLocaleString("en")),
      size: 56,
    };
    const range = (_, __, high) => [0, (weighted && high) || Math.max(high, 1)];
    return mounted(
      element,
      {
        scales: { x: shares, y: { distr: 4, range } },
        axes: [axis("Probability", across), axis(weighted ? "Weight" : "Rows", counts)],
        series: [{}, step("other"), step("accent")],
        hooks: { draw: [placed] },
        // uPlot's own cursor marks the threshold; it follows no mouse.
        cursor: {
          show: true,
          y: false,
          points: { show: false },
          drag: { x: false, y: false },
          bind: Object.fromEntries(
            ["mousedown", "mouseup", "click", "dblclick", "mousemove", "mouseleave", "mouseenter"]
              .map((name) => [name, () => null]),
          ),
        },
      },
      [[], [], []],
    );
  }

  function showHistogram(chart, bars, threshold) {
    const edges = [...bars.yes.map((_, at) => at / bars.yes.length), 1];
    const closed = (counts) => [...counts, counts[counts.length - 1]];
    chart.setData([edges, closed(bars.no), closed(bars.yes)]);
    mark(chart, threshold);
  }

  // At each drawing too: only then are the scales of new data known.
  function placed(chart) {
    const left = chart.threshold == null ? -10 : chart.valToPos(chart.threshold, "x");
    chart.setCursor({ left, top: 1 });
  }

  function mark(chart, threshold) {
    chart.threshold = threshold;
    placed(chart);
  }

  return {
    precisionRecall, roc, reliability, histogram,
    showPrecisionRecall, showRoc, showReliability, showHistogram, mark,
  };
})();
