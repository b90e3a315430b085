// Counts -> tables. Names reach the page as text only, never as markup.
"use strict";
const Tables = (() => {
  const MANY = 25; // classes, from which the matrix gives way to its largest mistakes
  const WIDE = 6; // classes, from which columns are headed by ids

  function made(tag, text, className) {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  }

  function named(tag, name, scope) {
    const cell = made(tag);
    if (scope) cell.scope = scope;
    cell.append(made("bdi", name));
    return cell;
  }

  function heading(text, className) {
    const cell = made("th", text, className);
    cell.scope = "col";
    return cell;
  }

  function row(...cells) {
    const element = made("tr");
    element.append(...cells);
    return element;
  }

  const number = (text) => made("td", text, "right");
  const open = (text) => made("td", text, "open");

  function fill(table, top, rows) {
    const [head, body] = [made("thead"), made("tbody")];
    head.append(top);
    body.append(...rows);
    table.replaceChildren(head, body);
  }

  // The confusion matrix; of many classes its largest mistakes. Returns a hint.
  function confusion(table, counts, names) {
    if (names.length > MANY) return confusions(table, counts, names);
    const long = names.length > WIDE;
    const columns = names.map((name, k) => {
      const cell = named("th", long ? String(k) : name, "col");
      if (long) cell.title = name;
      return cell;
    });
    const top = row(heading("Truth ↓ decided →"), ...columns, heading("Rejected", "right"));
    const rows = counts.matrix.map((line, i) => {
      const all = Counts.sum(line) + counts.rejected[i];
      const cells = line.map((n, j) => {
        const cell = made("td", Words.whole(n), i === j ? "hit" : "miss");
        cell.style.setProperty("--share", all ? n / all : 0);
        return cell;
      });
      const name = named("th", names[i], "row");
      if (long) name.prepend(`${i} `);
      return row(name, ...cells, open(Words.whole(counts.rejected[i])));
    });
    fill(table, top, rows);
    return "The darker, the larger the share of its row.";
  }

  function confusions(table, { matrix }, names) {
    const pairs = [];
    matrix.forEach((line, i) => line.forEach((n, j) => {
      if (n > 0 && i !== j) pairs.push([n, i, j]);
    }));
    pairs.sort((a, b) => b[0] - a[0]).splice(MANY);
    const top = row(heading("Truth"), heading("Decided"), heading("Rows", "right"));
    const rows = pairs.map(([n, i, j]) =>
      row(named("td", names[i]), named("td", names[j]), number(Words.whole(n))));
    fill(table, top, rows);
    return `The most frequent confusions of ${names.length} classes.`;
  }

  // Scores of every class or label; of labels the thresholds and counts too.
  function classes(table, head, now, cuts, marked) {
    const labels = head.task === "multilabel";
    const columns = ["Precision", "Recall", "F1", "Support"];
    if (labels) columns.push("Threshold", "TP", "FP", "FN", "TN");
    const cells = columns.map((name) => heading(name, "right"));
    const rows = now.classes.map((one, k) => {
      const scores = [one.precision, one.recall, one.f1].map(Words.share);
      const values = [...scores, Words.whole(one.support)];
      if (labels) {
        const [[tn, fp], [fn, tp]] = now.each[k].matrix;
        const threshold = Words.cut(head.questions[k].cuts[cuts[k]]);
        values.push(threshold, ...[tp, fp, fn, tn].map(Words.whole));
      }
      const line = row(named("th", head.names[k], "row"), ...values.map(number));
      if (k === marked) line.className = "chosen";
      return line;
    });
    fill(table, row(heading(labels ? "Label" : "Class"), ...cells), rows);
  }

  return { made, named, confusion, classes };
})();
