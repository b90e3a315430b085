// Numbers and names -> words: formats, the Python line, what a screen reader says.
"use strict";
const Words = (() => {
  const share = (value) => (value === null ? "–" : value.toFixed(3));
  // A number of rows, or what they weigh.
  const whole = (value) =>
    value.toLocaleString("en", Number.isInteger(value) ? {} : { maximumSignificantDigits: 6 });
  // A cut for the eye; the Python line has all its digits.
  const cut = (value) => {
    const short = Number(value.toPrecision(6));
    return String(short > 0 && short < 1 ? short : value);
  };
  const amount = (value) => value.toLocaleString("en", { maximumFractionDigits: 2 });

  // A difference with its sign, as it is shown.
  function change(difference, format) {
    const shown = format(Math.abs(difference));
    if (Number(shown.replaceAll(",", "")) === 0) return "±0";
    return (difference > 0 ? "+" : "−") + shown;
  }

  // JSON writes strings and numbers as Python reads them.
  const literal = JSON.stringify;

  function thresholds(head, cuts) {
    if (head.task === "multiclass") return null;
    const value = (k) => head.questions[k].cuts[cuts[k]];
    if (head.task === "binary" || head.shared) return literal(value(0));
    if (!head.named) return `[${cuts.map((_, k) => literal(value(k))).join(", ")}]`;
    return `{${head.names.map((name, k) => `${literal(name)}: ${literal(value(k))}`).join(", ")}}`;
  }

  // The line that makes the model decide as the sliders show: call and arguments.
  function python(head, choice) {
    const said = [];
    const cuts = thresholds(head, choice.cuts);
    if (cuts !== null) said.push(["threshold", cuts]);
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
    const lead = threshold === null ? "" : `Threshold ${threshold}. `;
    return `${lead}Reject below ${bound ?? "none"}. ${parts.join(", ")}, cost ${amount(now.cost)}.`;
  }

  function points({ after }) {
    const each = after.confidence.map(
      (c, k) => `${c.toFixed(2)}: ${after.accuracy[k].toFixed(2)}`,
    );
    return `Mean probability and share that came true: ${each.join(", ")}`;
  }

  return { share, whole, cut, amount, change, python, spoken, points };
})();
