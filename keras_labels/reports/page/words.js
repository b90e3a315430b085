// Numbers and names -> words: formats, the Python line, what a screen reader says.
"use strict";
const Words = (() => {
  const share = (value) => (value === null ? "–" : value.toFixed(3));
  const whole = (value) => value.toLocaleString("en");
  const amount = (value) => value.toLocaleString("en", { maximumFractionDigits: 2 });

  // A difference with its sign, as it is shown.
  function change(difference, format) {
    const shown = format(Math.abs(difference));
    if (Number(shown.replaceAll(",", "")) === 0) return "±0";
    return (difference > 0 ? "+" : "−") + shown;
  }

  // JSON writes strings and numbers as Python reads them.
  const literal = JSON.stringify;

  function thresholds(head, cuts, ownCuts) {
    if (head.task === "multiclass") return null;
    const value = (k) => head.questions[k].cuts[cuts[k]];
    if (head.task === "binary" || head.shared) return literal(value(0));
    if (!head.named) return `[${cuts.map((_, k) => literal(value(k))).join(", ")}]`;
    const moved = head.names.flatMap((name, k) =>
      cuts[k] === ownCuts[k] ? [] : [`${literal(name)}: ${literal(value(k))}`]);
    return moved.length ? `{${moved.join(", ")}}` : null; // the rest stay as they are
  }

  // The line that makes the model decide as the sliders show: call and arguments.
  function python(head, choice, own) {
    const said = [];
    const cut = thresholds(head, choice.cuts, own.cuts);
    if (cut !== null) said.push(["threshold", cut]);
    const bound = choice.bound === 0 ? "None" : literal(head.bounds[choice.bound - 1]);
    said.push(["reject_below", bound]);
    const call = "labeled.with_decoding(";
    if (!head.name) return [call, `${said.map(([k, v]) => `${k}=${v}`).join(", ")})`];
    const inner = said.map(([k, v]) => `"${k}": ${v}`).join(", ");
    return [call, `heads={${literal(head.name)}: {${inner}}})`];
  }

  function spoken(now, threshold, bound) {
    const scores = ["precision", "recall", "f1", "coverage"];
    const parts = scores.map((name) => `${name} ${share(now[name])}`);
    const cut = threshold === null ? "" : `Threshold ${threshold}. `;
    return `${cut}Reject below ${bound ?? "none"}. ${parts.join(", ")}, cost ${amount(now.cost)}.`;
  }

  function points({ after }) {
    const each = after.confidence.map(
      (c, k) => `${c.toFixed(2)}: ${after.accuracy[k].toFixed(2)}`,
    );
    return `Mean probability and share that came true: ${each.join(", ")}`;
  }

  return { share, whole, amount, change, python, spoken, points };
})();
