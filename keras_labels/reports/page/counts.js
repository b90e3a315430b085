// Counts at a threshold and a bound -> scores. Pure functions; nothing here draws.
"use strict";
const Counts = (() => {
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  const ratio = (a, b) => (b > 0 ? a / b : null);
  // As scikit-learn: what has nothing to divide by counts as 0 in a mean.
  const mean = (values) => ratio(sum(values.map((v) => v ?? 0)), values.length);

  // Rows over a cut are nested, so that those over both cuts are the fewer of the two.
  function ofQuestion(q, cut, bound) {
    const { over, rows, sure_yes: sure, sure_no: unsure } = q;
    const forced = q.forced ?? { yes: { yes: [], no: [] }, no: { yes: [], no: [] } };
    const yes = (t) => Math.min(over[t][cut], sure[t][bound]) + (forced.yes[t][bound] ?? 0);
    const no = (t) =>
      Math.min(rows[t] - over[t][cut], unsure[t][bound]) + (forced.no[t][bound] ?? 0);
    const all = (t) => rows[t] + (forced.yes[t][0] ?? 0) + (forced.no[t][0] ?? 0);
    const [tp, fp, fn, tn] = [yes("yes"), yes("no"), no("yes"), no("no")];
    const rejected = [all("no") - fp - tn, all("yes") - tp - fn];
    return { matrix: [[tn, fp], [fn, tp]], rejected };
  }

  function ofClasses(head, bound) {
    const size = head.names.length;
    const matrix = Array.from({ length: size }, () => new Array(size).fill(0));
    const rejected = new Array(size).fill(0);
    const each = (cells, visit) => {
      for (let i = 0; i < cells.length; i += 2) {
        visit(Math.floor(cells[i] / size), cells[i] % size, cells[i + 1]);
      }
    };
    each(head.matrix.cells, (i, j, count) => (matrix[i][j] += count));
    for (let at = 0; at < bound; at++) {
      each(head.matrix.lost[at], (i, j, count) => {
        matrix[i][j] -= count;
        rejected[i] += count;
      });
    }
    return { matrix, rejected };
  }

  function scores(right, decided, support) {
    const precision = ratio(right, decided);
    const recall = ratio(right, support);
    const f1 = ratio(2 * right, decided + support);
    return { precision, recall, f1, support };
  }

  // Precision, recall and F1 of every class of a matrix.
  function perClass({ matrix }) {
    return matrix.map((row, k) =>
      scores(row[k], sum(matrix.map((other) => other[k])), sum(row)),
    );
  }

  function accuracy({ matrix }) {
    return ratio(sum(matrix.map((row, k) => row[k])), sum(matrix.map(sum)));
  }

  function coverage({ matrix, rejected }) {
    const taken = sum(matrix.map(sum));
    return ratio(taken, taken + sum(rejected));
  }

  function cost({ matrix, rejected }, price) {
    const wrong = matrix.map((row, i) => sum(row.map((n, j) => n * price.of(i, j))));
    return sum(wrong) + sum(rejected) * price.rejected;
  }

  function added(parts) {
    const two = [0, 1];
    return {
      matrix: two.map((i) => two.map((j) => sum(parts.map((c) => c.matrix[i][j])))),
      rejected: two.map((i) => sum(parts.map((c) => c.rejected[i]))),
    };
  }

  function averaged(classes) {
    const of = (name) => mean(classes.map((one) => one[name]));
    return { precision: of("precision"), recall: of("recall"), f1: of("f1") };
  }

  const occurring = ({ matrix }) => (one, k) =>
    one.support > 0 || sum(matrix.map((row) => row[k])) > 0;

  // All that the page shows of one choice of thresholds and bound.
  function summary(head, choice, price) {
    if (head.task === "multiclass") {
      const counts = ofClasses(head, choice.bound);
      const classes = perClass(counts);
      const all = averaged(classes.filter(occurring(counts)));
      return { ...whole(counts, price), ...all, classes, counts, each: null };
    }
    const each = head.questions.map((q, k) => ofQuestion(q, choice.cuts[k], choice.bound));
    const classes = each.map((one) => perClass(one)[1]);
    const together = whole(added(each), price);
    if (head.task === "binary") {
      return { ...together, ...classes[0], classes: perClass(each[0]), each };
    }
    return { ...together, ...averaged(classes), classes, each };
  }

  const whole = (counts, price) => ({
    accuracy: accuracy(counts),
    coverage: coverage(counts),
    cost: cost(counts, price),
  });

  // Points of both curves: every threshold, and the end at which all is yes.
  function curve(q) {
    const forced = q.forced ? { yes: q.forced.yes, no: q.forced.no } : null;
    const more = (side, t) => (forced ? forced[side][t][0] : 0);
    const all = (t) => q.rows[t] + more("yes", t) + more("no", t);
    const positive = all("yes");
    const negative = all("no");
    const point = (tp, fp) => ({
      recall: ratio(tp, positive),
      precision: ratio(tp, tp + fp),
      fpr: ratio(fp, negative),
    });
    const at = (k) => point(q.over.yes[k] + more("yes", "yes"), q.over.no[k] + more("yes", "no"));
    return { points: q.cuts.map((_, k) => at(k)), all: point(positive, negative) };
  }

  // Where the decision on one of several exclusive classes lies beside its curve.
  function decidedPoint({ counts: { matrix }, classes }, k) {
    const wrong = sum(matrix.map((row) => row[k])) - matrix[k][k];
    const others = sum(matrix.flat()) - sum(matrix[k]);
    return { ...classes[k], fpr: ratio(wrong, others) };
  }

  return { summary, curve, decidedPoint, sum };
})();
