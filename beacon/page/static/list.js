// The page of lists: asks a pasted list, or the sites of a VCF, piece by piece, and shows
// what came.  Kept in memory: the rows of the table (ROWS at most), the lines that are
// asked together, and of an annotated file what `Packer` says; never a whole file.
// A failure is asked again with patience, and then says "no answer", never a "no".

import { Packer, Unreadable, isAble, plain } from "./bgzf.js";
import { MARK, csvText, tsvText } from "./delimited.js";
import { Annotation, Assemblies, Header, Reader, entriesOf, frequency, lines } from "./vcf.js";

const ROWS = 50_000;
const ON_A_PAGE = 100;
const FEWEST = 25;
const FIRST = 100;
const MOST = 2_000;
const QUICK = 1_000;
const SLOW = 6_000;
const TOGETHER = 4 << 20;
const PAUSES = [1_000, 2_000, 4_000, 8_000, 15_000];
const LONGEST_PAUSE = 60_000;
const PATIENT = new Set([408, 425, 429, 500, 502, 503, 504]);
const WORDS = ["seen", "no_answer", "refused", "withheld", "not_seen", "not_covered", "not_asked"];
const FEW_BAD = 200;

export const COLUMNS = [
  ...["line", "input", "variant", "assembly", "answer", "node", "dataset", "status"],
  ...["alleleCount", "alleleNumber", "alleleFrequency"],
  ...["homozygous", "heterozygous", "hemizygous", "multiplesOf", "reason"],
];

const page = document.getElementById("list");
const $ = (name) => document.getElementById(name);

// --- what the page knows -------------------------------------------------------------

const said = JSON.parse(page.dataset.said);
const { texts, statuses, reasons, coverages, bads, failures } = said;
const assemblies = new Assemblies(said.assemblies);
const numbers = new Intl.NumberFormat(said.locale);
const number = (count) => (count === undefined ? texts.untold : numbers.format(count));

function fill(text, values = {}) {
  return text.replace(/%\((\w+)\)s/g, (_, name) => String(values[name] ?? ""));
}

// --- asking ---------------------------------------------------------------------------

class Stopped extends Error {}

// Asks the network list after list; knows how many lines may well go together.
class Asking {
  constructor(tell) {
    this.tell = tell;
    this.size = FIRST;
    this.head = null;
    this.isFailing = false;
    this.refusal = null; // why nothing more is answered, where the beacon said it
    this.control = new AbortController();
  }

  stop() {
    this.control.abort();
  }

  // Returns the answers to questions, by their place; what got none is missing.
  async ask(questions) {
    const answers = new Map();
    let left = questions.map((question, id) => ({ ...question, id }));
    const pauses = this.isFailing ? PAUSES.slice(0, 1) : PAUSES;
    for (let attempt = 0; ; attempt += 1) {
      const began = performance.now();
      const wait = await this.once(left, answers);
      left = left.filter(({ id }) => !answers.has(id));
      if (!left.length && this.head) {
        this.isFailing = false;
        this.adapt(performance.now() - began);
        return answers;
      }
      if (attempt >= pauses.length || wait === Infinity) break;
      await this.pause(Math.max(wait, pauses[attempt]));
    }
    this.isFailing = true;
    return answers;
  }

  adapt(spent) {
    if (spent < QUICK) this.size = Math.min(MOST, this.size * 2);
    if (spent > SLOW) this.size = Math.max(FEWEST, Math.floor(this.size / 2));
  }

  // Asks once; returns how long to wait before it is of use again, in milliseconds.
  async once(questions, answers) {
    let response;
    try {
      response = await fetch(`${said.root}/network/batch`, {
        method: "POST",
        headers: { "Content-Type": "application/x-ndjson", Accept: "application/x-ndjson" },
        body: questions.map((question) => `${JSON.stringify(question)}\n`).join(""),
        signal: this.control.signal,
        credentials: "same-origin",
        referrerPolicy: "no-referrer",
      });
      if (response.ok) await this.read(response, answers);
    } catch (failure) {
      if (this.control.signal.aborted) throw new Stopped();
      return 0; // broken off: what came is kept
    }
    if (response.ok) return 0;
    if (response.status === 401) throw new Unreadable("ended"); // else all would be "no answer"
    const wait = Number(response.headers.get("Retry-After") || 0) * 1000;
    if (PATIENT.has(response.status) && wait <= LONGEST_PAUSE) return wait;
    const document = await response.json().catch(() => null);
    this.refusal = document?.error?.errorMessage || null;
    return Infinity;
  }

  async read(response, answers) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let held = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (held + value).split("\n");
      held = parts.pop();
      for (const part of parts) this.take(JSON.parse(part), answers);
    }
  }

  take(document, answers) {
    if (document.event === "asked") {
      const whom = ({ beacons, datasets }) => JSON.stringify([beacons, datasets]);
      if (this.head && whom(document) !== whom(this.head)) this.hasChanged = true;
      this.head = this.head || document;
    } else if (Number.isInteger(document.id)) {
      answers.set(document.id, document);
    }
  }

  async pause(milliseconds) {
    this.tell(fill(texts.waiting, { seconds: numbers.format(Math.ceil(milliseconds / 1000)) }));
    await new Promise((resolve, reject) => {
      const over = setTimeout(resolve, milliseconds);
      this.control.signal.addEventListener("abort", () => {
        clearTimeout(over);
        reject(new Stopped());
      });
    });
  }
}

// --- rows -----------------------------------------------------------------------------

function rowOf(entry, answer, refusal) {
  if (!answer) {
    return { ...entry, status: "no_answer", error: refusal || texts.unheard, isUnheard: true, sets: [], nodes: [] };
  }
  return {
    ...entry,
    variant: answer.asked?.variant,
    assembly: answer.asked?.assemblyId,
    status: answer.status,
    error: answer.error,
    nodes: answer.beacons,
    sets: answer.datasets,
  };
}

/** Whether nobody was asked for a line: it was not understood, or one too many. */
function isUnasked(row) {
  return Boolean(row.error) && !row.isUnheard && !row.nodes.length;
}

// What is said of one variant, a line for each dataset, and node without any.
function* parts(row, head) {
  const nodes = new Map(row.nodes.map((node) => [node.beaconId, node]));
  if (!row.nodes.length) yield { status: row.status, reason: row.error };
  for (const beacon of row.nodes.length ? head.beacons : []) {
    const node = beacon.status ? beacon : nodes.get(beacon.beaconId);
    if (!node) continue;
    const own = row.sets.filter((set) => (set.via || set.beaconId) === beacon.beaconId);
    if (!own.length) yield { beacon, status: node.status, reason: node.reason };
    for (const set of own) yield { beacon, set, status: set.status, reason: set.coverage };
  }
}

function* exported(rows, head) {
  yield COLUMNS;
  for (const row of rows) {
    for (const { beacon, set, status, reason } of parts(row, head)) {
      const share = set ? frequency(set.alleleCount, set.alleleNumber) : ".";
      yield [
        ...[row.line, row.text, row.variant, row.assembly, row.status],
        ...[beacon?.name, set?.id, status, set?.alleleCount, set?.alleleNumber],
        share === "." ? null : Number(share),
        ...[set?.homozygous, set?.heterozygous, set?.hemizygous, set?.countAdjustedTo?.[0], reason],
      ];
    }
  }
}

// --- what is shown --------------------------------------------------------------------

class Table {
  constructor() {
    this.clear();
  }

  clear() {
    this.rows = [];
    this.count = 0;
    this.counts = new Map();
    this.word = null;
    this.first = 0;
    this.head = null;
  }

  add(row) {
    this.count += 1;
    this.counts.set(row.status, (this.counts.get(row.status) || 0) + 1);
    if (this.rows.length < ROWS) this.rows.push(row);
  }

  chosen() {
    return this.word ? this.rows.filter((row) => row.status === this.word) : this.rows;
  }

  choose(word) {
    this.word = word;
    this.first = 0;
    this.show();
  }

  turn(by) {
    this.first = Math.max(0, this.first + by * ON_A_PAGE);
    this.show();
    $("rows-said").scrollIntoView({ block: "nearest" });
  }

  show() {
    const { word, place } = document.activeElement?.dataset || {};
    this.fill();
    // What has the focus may have been made anew.
    if (word !== undefined) $("filters").querySelector(`[data-word="${word}"]`)?.focus();
    if (place !== undefined) $("rows").querySelector(`[data-place="${place}"]`)?.focus();
  }

  fill() {
    this.showFilters();
    const chosen = this.chosen();
    const shown = chosen.slice(this.first, this.first + ON_A_PAGE);
    $("rows").replaceChildren(...shown.map((row, at) => this.row(row, this.first + at)));
    $("rows-said").textContent = fill(chosen.length ? texts.rows : texts.none, {
      first: numbers.format(this.first + 1),
      last: numbers.format(this.first + shown.length),
      all: numbers.format(chosen.length),
    });
    $("before").disabled = this.first === 0;
    $("after").disabled = this.first + ON_A_PAGE >= chosen.length;
    $("kept").hidden = this.count <= this.rows.length;
  }

  showFilters() {
    const words = WORDS.filter((word) => this.counts.has(word));
    const filters = [[null, texts.all, this.count], ...words.map((word) => [word, null, this.counts.get(word)])];
    $("filters").replaceChildren(
      ...filters.map(([word, name, count]) => {
        const button = made("button", { type: "button", class: "second small", "data-word": word || "" });
        button.setAttribute("aria-pressed", String(this.word === word));
        if (word) button.append(sign(word), ` ${statuses[word][1]} ${numbers.format(count)}`);
        else button.append(`${name} ${numbers.format(count)}`);
        button.addEventListener("click", () => {
          this.choose(word);
          $("filters").querySelector("[aria-pressed=true]").focus();
        });
        return button;
      }),
    );
  }

  row(row, at) {
    const line = made("tr");
    const name = made("th", { scope: "row" });
    if (row.variant) {
      const address = `${said.root}/v/${row.assembly}/${encodeURIComponent(row.variant)}`;
      name.append(made("a", { href: address, class: "mono", "data-place": at }, short(row.variant)));
    } else {
      name.append(made("span", { class: "mono" }, short(row.text)));
    }
    const place = made("td", { "data-label": texts.line, class: "number" }, numbers.format(row.line));
    const answer = made("td", { "data-label": texts.answer });
    answer.append(chip(row.status));
    if (row.error) answer.append(made("span", { class: "line quiet", lang: row.nodes.length || row.variant ? "en" : said.lang }, row.error));
    for (const note of new Set(row.nodes.flatMap((node) => node.warnings || []))) {
      if (note !== row.error) answer.append(made("span", { class: "line quiet", lang: "en" }, note));
    }
    const where = made("td", { "data-label": texts.where });
    where.append(...groups([...parts(row, this.head)].filter((part) => part.beacon && !part.beacon.status)));
    line.append(place, name, answer, where);
    return line;
  }
}

// What is said by whom, a line for each word.
function groups(all) {
  const shown = [];
  for (const word of WORDS) {
    const some = all.filter((part) => part.status === word);
    if (!some.length) continue;
    const line = made("span", { class: "line said" });
    line.append(sign(word), ` ${statuses[word][1]}: `, some.map(label).join("; "));
    shown.push(line);
  }
  return shown.length ? shown : [made("span", { class: "quiet" }, "–")];
}

function label({ beacon, set, reason }) {
  const node = beacon.names?.[said.lang] || beacon.name;
  if (!set) return reason && reasons[reason] ? `${node} (${reasons[reason]})` : node;
  const name = table.head.beacons.length > 1 && set.name !== node ? `${node}, ${set.name}` : set.name;
  const isCounted = set.alleleCount !== undefined || set.alleleNumber !== undefined;
  const exact = isCounted ? ` ${number(set.alleleCount)}\u00a0/\u00a0${number(set.alleleNumber)}` : "";
  const counts = isCounted && set.countAdjustedTo ? `${exact} (${texts.rounded})` : exact;
  const rests = set.status === "not_seen" && coverages[reason];
  return `${name}${counts}${rests ? ` (${rests})` : ""}`;
}

function short(text) {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function made(name, attributes = {}, text = null) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== null) element.textContent = text;
  return element;
}

function sign(word) {
  return made("span", { class: "symbol", "aria-hidden": "true" }, statuses[word][0]);
}

function chip(word) {
  const element = made("span", { class: "status", "data-status": word });
  element.append(sign(word), ` ${statuses[word][1]}`);
  return element;
}

// --- a run ----------------------------------------------------------------------------

const table = new Table();
let run = null;

// One list or file on its way.
class Run {
  constructor(name) {
    this.name = name;
    this.bad = 0;
    this.gate = Promise.resolve();
    this.open = () => {};
    this.isStopped = false;
    this.isOver = false;
    this.asking = new Asking((text) => this.tell(text));
    this.drawn = 0;
  }

  // Ends what goes on of a run after another has begun.
  check() {
    if (run !== this) throw new Stopped();
  }

  tell(text) {
    if (run === this) $("run-said").textContent = text;
  }

  stop() {
    if (this.isStopped || this.isOver) return;
    this.isStopped = true;
    this.gate = new Promise((resolve) => (this.open = resolve));
    this.asking.stop();
    this.tell(fill(texts.stopped, { rows: numbers.format(table.count) }));
    this.controls();
  }

  resume() {
    this.isStopped = false;
    this.asking.control = new AbortController();
    this.tell(texts.asking);
    this.open();
    this.controls();
  }

  // Asks until it is answered, given up, or another run has begun.
  async ask(questions) {
    for (;;) {
      await this.gate;
      this.check();
      try {
        const answers = await this.asking.ask(questions);
        this.check();
        table.head = table.head || this.asking.head;
        return answers;
      } catch (failure) {
        if (!(failure instanceof Stopped)) throw failure;
      }
    }
  }

  controls() {
    $("stop").hidden = this.isStopped || this.isOver;
    $("resume").hidden = !this.isStopped;
    for (const name of ["csv", "tsv"]) $(name).disabled = !table.rows.length || !table.head;
  }

  progress(done, all) {
    const bar = $("progress");
    bar.max = all || 1;
    bar.value = all ? done : 1;
    const now = performance.now();
    if (now - this.drawn < 1000) return; // a screen reader is told no oftener
    this.drawn = now;
    this.tell(fill(texts.progress, { rows: numbers.format(table.count) }));
    if (table.first === 0 || table.word) table.show();
    this.controls();
  }

  note(line, text, reason) {
    this.check();
    this.bad += 1;
    $("bad").hidden = false;
    $("bad-count").textContent = numbers.format(this.bad);
    if (this.bad > FEW_BAD) return;
    const row = made("tr");
    row.append(
      made("td", { class: "number", "data-label": texts.line }, numbers.format(line)),
      made("td", { class: "mono", "data-label": texts.text }, short(text)),
      made("td", { "data-label": texts.why }, reason),
    );
    $("bad-rows").append(row);
  }

  end(text) {
    this.isOver = true;
    $("progress").value = $("progress").max;
    if (table.head) table.show();
    const unheard = table.rows.some((row) => row.isUnheard);
    $("unheard").hidden = !unheard;
    $("changed").hidden = !this.asking.hasChanged;
    const silent = (table.head?.beacons || []).filter((beacon) => beacon.status);
    $("single").hidden = !silent.length;
    $("single-names").textContent = silent.map((each) => each.names?.[said.lang] || each.name).join(", ");
    this.tell(text);
    this.controls();
  }

  fail(why, values) {
    this.isOver = true;
    $("failed").hidden = false;
    $("failed").textContent = fill(failures[why] || failures.broken, values);
    this.end(texts.failed);
  }
}

function begin(name) {
  if (run) run.asking.stop();
  table.clear();
  run = new Run(name);
  for (const each of ["bad", "failed", "kept", "unheard", "changed", "single"]) $(each).hidden = true;
  for (const each of ["rows", "bad-rows", "filters"]) $(each).replaceChildren();
  $("vcf").hidden = true;
  $("rows-said").textContent = "";
  $("run").hidden = false;
  $("progress").value = 0;
  $("run-name").textContent = name;
  run.tell(texts.asking);
  run.controls();
  $("run-head").focus();
  return run;
}

// --- a pasted list ----------------------------------------------------------------------

const OWN_ASSEMBLY = /\b(?:N[CGMPRT]_|CM0|GRCh|hg\d|b3[78]\b|CHM13|https?:)/i;

async function runList(text, assembly) {
  const entries = entriesOf(text);
  const mine = begin(texts.pasted);
  if (!entries.length) return mine.fail("nothing");
  if (said.most && entries.length > said.most) {
    return mine.fail(said.isKnown ? "toomany" : "toomanyhere", { most: numbers.format(said.most) });
  }
  for (let at = 0; at < entries.length; ) {
    const some = entries.slice(at, at + mine.asking.size);
    const questions = some.map(({ text: variant }) =>
      OWN_ASSEMBLY.test(variant) ? { variant } : { variant, assemblyId: assembly },
    );
    const answers = await mine.ask(questions);
    for (const [n, entry] of some.entries()) {
      const row = rowOf(entry, answers.get(n), mine.asking.refusal);
      table.add(row);
      if (isUnasked(row)) mine.note(entry.line, entry.text, row.error);
    }
    at += some.length;
    mine.progress(at, entries.length);
  }
  mine.end(fill(texts.done, { rows: numbers.format(table.count) }));
}

// --- a file -----------------------------------------------------------------------------

async function runFile(file, chosen) {
  const mine = begin(file.name);
  if (!isAble()) return mine.fail("unable");
  let read = 0;
  const watched = {
    size: file.size,
    slice: (...bounds) => file.slice(...bounds),
    stream: () =>
      file.stream().pipeThrough(
        new TransformStream({
          transform(piece, controller) {
            read += piece.length;
            controller.enqueue(piece);
          },
        }),
      ),
  };
  const sheet = new Sheet(mine, chosen);
  for await (const { found, isCut } of lines(plain(watched))) {
    for (const [n, line] of found.entries()) {
      await sheet.take(line, isCut && n === found.length - 1);
      if (sheet.isFull()) {
        await sheet.flush();
        mine.progress(read, file.size);
      }
    }
  }
  const packed = await sheet.end();
  const name = file.name.replace(/\.(?:vcf|gz|bgz|txt)$/i, "").replace(/\.vcf$/i, "");
  offer(packed, `${name}.beacon.vcf.gz`);
  mine.end(fill(sheet.isToggle ? texts.doneToggle : texts.doneHeader, {
    rows: numbers.format(table.count),
    assembly: sheet.place.assembly,
  }));
}

// The lines of a file that are asked together, and what is written of them.
class Sheet {
  constructor(mine, chosen) {
    this.run = mine;
    this.chosen = chosen;
    this.header = new Header();
    this.packer = new Packer();
    this.records = [];
    this.questions = new Set();
    this.size = 0;
    this.number = 0;
    this.annotation = null;
  }

  async take(line, isCut) {
    this.number += 1;
    if (!this.header.isWhole) {
      this.header.take(line);
      if (this.header.isWhole) this.begin();
      return;
    }
    const record = this.reader.read(line, isCut);
    record.number = this.number;
    record.end = !isCut;
    this.records.push(record);
    this.size += line.length;
    for (const each of record.asked || []) {
      if (each.variant) this.questions.add(each.variant);
    }
    if (record.bad) this.run.note(this.number, nameOf(record), bads[record.bad]);
  }

  begin() {
    this.place = assemblies.choose(this.header, this.chosen);
    this.isToggle = !this.place.isTold;
    this.reader = new Reader(assemblies, this.place, this.header.columns);
  }

  isFull() {
    return this.questions.size >= this.run.asking.size || this.size >= TOGETHER;
  }

  async flush() {
    const variants = [...this.questions];
    const found = new Map();
    if (variants.length || !this.run.asking.head) {
      const asked = variants.map((variant) => ({ variant, assemblyId: this.place.assembly }));
      const answers = await this.run.ask(asked);
      for (const [n, variant] of variants.entries()) if (answers.has(n)) found.set(variant, answers.get(n));
    }
    const { head, refusal } = this.run.asking;
    if (!head) throw new Unreadable(refusal ? "refused" : "unheard", { sentence: refusal });
    if (!this.annotation) await this.writeHeader();
    for (const record of this.records) await this.write(record, found);
    this.records = [];
    this.questions = new Set();
    this.size = 0;
  }

  async writeHeader() {
    const moment = `${new Date().toISOString().slice(0, 19)}+00:00`;
    this.annotation = new Annotation(this.run.asking.head, this.place.assembly, moment);
    if (!this.annotation.columns.length) throw new Unreadable("nodatasets", this.place);
    await this.packer.write(this.annotation.header(this.header));
  }

  async write(record, found) {
    const text = this.annotation.line(record, found);
    const whole = new Uint8Array(text.length + (record.end ? 1 : 0));
    whole.set(text);
    if (record.end) whole[text.length] = 10;
    await this.packer.write(whole);
    for (const each of record.asked || []) this.show(record, each, found);
  }

  show(record, each, found) {
    this.run.check();
    const text = `${record.contig}-${record.pos}-${record.ref}-${each.alternate}`;
    const entry = { line: record.number, text };
    if (each.variant) {
      const row = rowOf(entry, found.get(each.variant), this.run.asking.refusal);
      table.add(row);
      if (isUnasked(row)) this.run.note(record.number, text, row.error);
    } else {
      const error = each.why ? bads[each.why] : texts.inexact;
      table.add({ ...entry, status: each.word, error, sets: [], nodes: [] });
    }
  }

  async end() {
    if (!this.header.isWhole) throw new Unreadable(this.number ? "nocolumns" : "empty");
    await this.flush();
    return this.packer.end();
  }
}

function nameOf(record) {
  return record.contig === undefined ? "" : `${record.contig}-${record.pos}-${record.ref}-${record.alternates.join(",")}`;
}

// --- downloads --------------------------------------------------------------------------

let offered = null;

function offer(blob, name) {
  if (offered) URL.revokeObjectURL(offered);
  offered = URL.createObjectURL(blob);
  const link = $("vcf");
  link.href = offered;
  link.download = name;
  link.hidden = false;
}

function download(text, kind, ending) {
  const link = made("a", { download: `beacon${run && !run.isOver ? "-part" : ""}.${ending}` });
  link.href = URL.createObjectURL(new Blob([text], { type: `${kind};charset=utf-8` }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function tableAs(ending) {
  const rows = [...exported(table.chosen(), table.head)];
  return ending === "csv" ? MARK + csvText(rows) : tsvText(rows);
}

// --- the controls -----------------------------------------------------------------------

function assembly() {
  return new FormData($("paste")).get("assembly");
}

async function start(going) {
  const mine = run; // which the first step of `going` has begun
  try {
    await going;
  } catch (failure) {
    if (failure instanceof Stopped || run !== mine) return;
    if (failure instanceof Unreadable) run.fail(failure.why, failure.values);
    else {
      run.fail("broken");
      throw failure;
    }
  }
}

function startFile(file) {
  if (file) start(runFile(file, assembly()));
}

$("paste").addEventListener("submit", (event) => {
  event.preventDefault();
  start(runList($("variants").value, assembly()));
});
$("file").addEventListener("change", () => {
  const [file] = $("file").files;
  startFile(file);
  $("file").value = ""; // so that the same file may be chosen again
});
$("choose").addEventListener("click", () => $("file").click());
$("stop").addEventListener("click", () => {
  run.stop();
  $("resume").focus();
});
$("resume").addEventListener("click", () => {
  run.resume();
  $("stop").focus();
});
$("before").addEventListener("click", () => table.turn(-1));
$("after").addEventListener("click", () => table.turn(1));
$("csv").addEventListener("click", () => download(tableAs("csv"), "text/csv", "csv"));
$("tsv").addEventListener("click", () => download(tableAs("tsv"), "text/tab-separated-values", "tsv"));

const zone = $("drop");
for (const name of ["dragenter", "dragover"]) {
  zone.addEventListener(name, (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
}
zone.addEventListener("dragleave", () => zone.classList.remove("over"));
zone.addEventListener("drop", (event) => {
  event.preventDefault();
  zone.classList.remove("over");
  startFile(event.dataTransfer.files[0]);
});
// A file that misses the zone must not be opened in place of the page.
for (const name of ["dragover", "drop"]) {
  window.addEventListener(name, (event) => event.preventDefault());
}
$("choose").disabled = false;
