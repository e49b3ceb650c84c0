// A VCF in the browser: its lines, what is asked of them, and the same lines annotated.
// What is asked is assembly and chromosome-position-REF-ALT; header, names of samples,
// genotypes and all other columns are looked at nowhere but here, and a line is written
// again byte for byte, but for INFO.  The same words as `beacon annotate` has.
// VCF 4.5; fields of docs/annotating.md.

import { Unreadable, joined } from "./bgzf.js";

const LINE_END = 10;
const RETURN = 13;
const TAB = 9;
const LONGEST_LINE = 1 << 28;
const LONGEST_HEADER = 1 << 26;
const LONGEST_ALLELE = 100_000;
const COLUMNS = 8;
const NO_ALLELES = new Set(["*", "<*>", "<NON_REF>", "<X>", "."]);
const BASES = /^[ACGTUNRYSWKMBDHV]+$/;
const FIXED = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO";
const FIELDS = ["BEACON_AC", "BEACON_AN", "BEACON_AF", "BEACON_HOM", "BEACON_STATUS"];
const ROUNDED = "BEACON_ROUNDED_TO";
const OURS = /^##(?:INFO=<ID=BEACON_(?:AC|AN|AF|HOM|STATUS|ROUNDED_TO)[,>]|beacon_(?:dataset|annotate)=)/;
const ORDER =
  "one value for each ALT and beacon_dataset line of this header, all datasets of" +
  " the first ALT first";
const DESCRIBED = {
  BEACON_AC: ["Integer", "Called copies of the allele"],
  BEACON_AN: ["Integer", "Called copies of any allele there"],
  BEACON_AF: ["Float", "Frequency of the allele, AC / AN"],
  BEACON_HOM: ["Integer", "Homozygous people"],
  BEACON_STATUS: [
    "String",
    "seen, not_seen, not_covered, withheld, refused, no_answer or not_asked",
  ],
  BEACON_ROUNDED_TO: [
    "Integer",
    "AC, AN and AF are made of numbers that were adjusted to multiples of this by" +
      " the policy of the dataset; where it is missing they are exact",
  ],
};

// --- bytes and text --------------------------------------------------------------

// Bytes as text, one character each, so that they come back as they were.
export function textOf(bytes, from = 0, to = bytes.length) {
  let text = "";
  for (let at = from; at < to; at += 8192) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, Math.min(to, at + 8192)));
  }
  return text;
}

export function bytesOf(text) {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

// Yields lists of whole lines, without their ends, as pieces come; of the last whether
// the file ends it is said by `isCut`.
export async function* lines(pieces) {
  let held = [];
  let size = 0;
  for await (const piece of pieces) {
    const last = piece.lastIndexOf(LINE_END);
    held.push(last < 0 ? piece : piece.subarray(0, last));
    size += piece.length;
    if (size > LONGEST_LINE) throw new Unreadable("longline");
    if (last < 0) continue;
    const whole = joined(held);
    held = last + 1 < piece.length ? [piece.slice(last + 1)] : [];
    size = held.length ? held[0].length : 0;
    yield { found: cut(whole), isCut: false };
  }
  if (size) yield { found: [joined(held)], isCut: true };
}

function cut(whole) {
  const found = [];
  let from = 0;
  for (let at; (at = whole.indexOf(LINE_END, from)) >= 0; from = at + 1) {
    found.push(whole.subarray(from, at));
  }
  found.push(whole.subarray(from));
  return found;
}

// --- the header --------------------------------------------------------------------

// Takes the lines of a header until it is whole.
export class Header {
  constructor() {
    this.lines = [];
    this.size = 0;
    this.isWhole = false;
    this.ending = "\n";
  }

  take(line) {
    let text = textOf(line);
    if (!this.lines.length) text = text.replace(/^\xef\xbb\xbf/, "");
    const plain = text.endsWith("\r") ? text.slice(0, -1) : text;
    if (plain && !plain.startsWith("#")) {
      throw new Unreadable(this.lines.length ? "nocolumns" : "novcf");
    }
    this.size += text.length;
    if (this.size > LONGEST_HEADER) throw new Unreadable("longline");
    this.lines.push(plain);
    if (!plain.startsWith("#CHROM")) return;
    const columns = plain.split("\t");
    if (columns.slice(0, COLUMNS).join("\t") !== FIXED) throw new Unreadable("columns");
    this.columns = columns.length;
    this.ending = text.endsWith("\r") ? "\r\n" : "\n";
    this.isWhole = true;
  }

  contigs() {
    return this.lines
      .filter((line) => line.startsWith("##contig="))
      .map((line) => [field(line, "ID"), Number.parseInt(field(line, "length") || "0", 10)])
      .filter(([name]) => name);
  }

  naming() {
    return this.lines.filter((line) => /^##(?:reference|assembly|contig)\b/i.test(line));
  }
}

function field(line, key) {
  const found = line.match(new RegExp(`[<,]\\s*${key}="?([^,>"]+)`));
  return found && found[1];
}

// --- assemblies --------------------------------------------------------------------

const OLD = /NCBI36|hg18|NCBI_?build_?36|[_.]b36[_.]|\bb36\b/i;
const WORDS = {
  "T2T-CHM13": /CHM13|\bhs1\b/i,
  GRCh38: /GRCh38|hg38|\bb38\b|assembly38|hs38/i,
  GRCh37: /GRCh37|hg19|\bb37\b|hs37|g1k_v37|assembly19|build37/i,
};
const FURTHER = { X: ["23"], Y: ["24"], MT: ["M"] };

// What a sequence is called in each assembly, by the table the page has of them.
export class Assemblies {
  constructor(table) {
    this.names = Object.keys(table);
    this.known = {};
    for (const [assembly, contigs] of Object.entries(table)) {
      const known = (this.known[assembly] = new Map());
      for (const [name, length, ...accessions] of contigs) {
        const all = [name, ...(FURTHER[name] || [])].flatMap((each) => [each, `chr${each}`]);
        for (const each of accessions) {
          all.push(each, `refseq:${each}`, `insdc:${each}`, `genbank:${each}`);
        }
        for (const each of all) known.set(each.toLowerCase(), { name, length });
      }
    }
  }

  find(assembly, name) {
    return this.known[assembly].get(name.trim().toLowerCase());
  }

  // The assembly a header is on: by lengths, accessions, words; else what was chosen.
  choose(header, chosen) {
    const contigs = header.contigs();
    const assembly = this.told(header, contigs) || chosen;
    const old = header.naming().find((line) => OLD.test(line));
    if (old) throw new Unreadable("old");
    const leftOut = new Set();
    for (const [name, length] of contigs) {
      const known = this.find(assembly, name);
      if (!known || !length || known.length === length) continue;
      if (known.name !== "MT") {
        throw new Unreadable("contradicts", { contig: name, length, assembly, known: known.length });
      }
      leftOut.add(name); // hg19's chrM is another sequence
    }
    return { assembly, leftOut, isTold: assembly === this.told(header, contigs) };
  }

  told(header, contigs) {
    const votes = this.names.map((assembly) => {
      const right = contigs.filter(([name, length]) => {
        const known = this.find(assembly, name);
        return known && known.name !== "MT" && known.length === length;
      });
      return [right.length, assembly];
    });
    const best = votes.reduce((one, other) => (other[0] > one[0] ? other : one));
    if (best[0]) return best[1];
    for (const assembly of this.names) {
      const named = contigs.map(([name]) => name.includes(".") && this.find(assembly, name));
      if (named.some((known) => known && known.name !== "MT")) return assembly;
    }
    const said = Object.keys(WORDS).filter((name) => header.naming().some((h) => WORDS[name].test(h)));
    return said.length === 1 && this.known[said[0]] ? said[0] : null;
  }
}

// --- records -----------------------------------------------------------------------

// Reads the records of one file.
export class Reader {
  constructor(assemblies, { assembly, leftOut }, columns) {
    this.assemblies = assemblies;
    this.assembly = assembly;
    this.leftOut = leftOut;
    this.columns = columns;
  }

  // What a line is: `as it is`, a bad one with the reason, or a record with a word or
  // a question (chromosome-position-REF-ALT) for each ALT.
  read(bytes, isCut) {
    if (!bytes.length || (bytes.length === 1 && bytes[0] === RETURN)) return { bytes };
    const tabs = [];
    for (let at = bytes.indexOf(TAB); at >= 0 && tabs.length < COLUMNS; ) {
      tabs.push(at);
      at = bytes.indexOf(TAB, at + 1);
    }
    if (isCut && textOf(bytes).split("\t").length !== this.columns) throw new Unreadable("cut");
    if (tabs.length < COLUMNS - 1) return { bytes, bad: "short" };
    const info = [tabs[6] + 1, tabs.length > 7 ? tabs[7] : bytes.length];
    const cell = (n) => textOf(bytes, n ? tabs[n - 1] + 1 : 0, tabs[n]);
    const [contig, pos, ref, alternates] = [cell(0), cell(1), cell(3), cell(4)];
    const every = alternates.split(",");
    const record = { bytes, info, contig, pos, ref, alternates: every, asked: null, bad: null };
    if (every.every((alt) => NO_ALLELES.has(alt))) return record;
    record.asked = every.map((alt) => this.question(record, alt));
    return record;
  }

  question(record, alternate) {
    if (NO_ALLELES.has(alternate) || isStructural(alternate)) return { word: "not_asked", alternate };
    const known = this.leftOut.has(record.contig)
      ? null
      : this.assemblies.find(this.assembly, record.contig);
    const refuse = (why) => {
      record.bad = record.bad || why;
      return { word: "no_answer", alternate, why };
    };
    if (!known) return refuse("contig");
    if (!/^[0-9]{1,12}$/.test(record.pos) || Number(record.pos) < 1) return refuse("pos");
    const [ref, alt] = [record.ref.toUpperCase(), alternate.toUpperCase()];
    if (!BASES.test(ref)) return refuse("ref");
    if (!BASES.test(alt)) return refuse("alt");
    if (ref.length > LONGEST_ALLELE || alt.length > LONGEST_ALLELE) return refuse("long");
    const variant = `${known.name}-${Number(record.pos)}-${ref}-${alt}`.replace(/U/g, "T");
    return { variant, alternate };
  }
}

export function isStructural(alternate) {
  return alternate !== "" && !/^[A-Za-z]+$/.test(alternate) && !"*.-".includes(alternate);
}

// --- annotated ---------------------------------------------------------------------

// Writes what was answered into the lines of one file.
export class Annotation {
  // `head` is the first line of an answer: who was asked, and what each has.
  constructor(head, assembly, moment) {
    this.head = head;
    this.assembly = assembly;
    this.moment = moment;
    this.columns = head.beacons.flatMap((beacon) => columnsOf(beacon, head, assembly));
    this.name();
  }

  // Gives each column a name that no other has.
  name() {
    const times = new Map();
    for (const { dataset } of this.columns) times.set(dataset, (times.get(dataset) || 0) + 1);
    const taken = new Set();
    for (const column of this.columns) {
      const plain = times.get(column.dataset) === 1 ? column.dataset : `${column.beacon}:${column.dataset}`;
      let label = plain;
      for (let number = 2; taken.has(label); number += 1) label = `${plain}#${number}`;
      taken.add(label);
      column.label = label;
    }
  }

  // The header, with our lines before its last one, instead of earlier ones of ours.
  header(header) {
    const kept = header.lines.filter((line) => !OURS.test(line)).map(bytesOf);
    const ours = [...this.lines()].map((line) => new TextEncoder().encode(line));
    const end = bytesOf(header.ending);
    return joined([...kept.slice(0, -1), ...ours, kept[kept.length - 1]].flatMap((line) => [line, end]));
  }

  *lines() {
    for (const [name, [kind, what]] of Object.entries(DESCRIBED)) {
      yield `##INFO=<ID=${name},Number=.,Type=${kind},Description=${quoted(`${what}: ${ORDER}`)}>`;
    }
    for (const column of this.columns) yield `##beacon_dataset=<${datasetOf(column).join(",")}>`;
    for (const [at, beacon] of this.head.beacons.entries()) {
      const said = [
        `ID=${at + 1}`,
        `Beacon=${quoted(beacon.beaconId)}`,
        `Address=${quoted(beacon.address || "")}`,
        `Version=${quoted(`Nordic Beacon ${this.head.version}`)}`,
        `Date=${this.moment}`,
        `Assembly=${this.assembly}`,
        `Reference=${this.head.aligned.includes(this.assembly) ? "used" : "none"}`,
      ];
      yield `##beacon_annotate=<${said.join(",")}>`;
    }
  }

  // A line with the answers to its ALTs, by their question; of none it has no answer.
  line(record, answers) {
    if (!record.info) return record.bytes;
    const [from, to] = record.info;
    let info = textOf(record.bytes, from, to);
    const end = info.endsWith("\r") ? "\r" : "";
    if (end) info = info.slice(0, -1);
    const cleaned = info.includes("BEACON_") ? withoutOurs(info) : info;
    if (!record.asked) {
      if (cleaned === info) return record.bytes;
      return joined([record.bytes.subarray(0, from), bytesOf(cleaned + end), record.bytes.subarray(to)]);
    }
    const cells = record.asked.flatMap((each) =>
      this.columns.map((column) => (each.word ? wordless(each.word) : this.cell(column, answers.get(each.variant)))),
    );
    const ours = infoOf(cells);
    const before = cleaned === "." || cleaned === "" ? "" : cleaned.endsWith(";") ? cleaned : `${cleaned};`;
    const text = bytesOf(before + ours + end);
    return joined([record.bytes.subarray(0, from), text, record.bytes.subarray(to)]);
  }

  // What stands in one column for one allele.
  cell(column, answer) {
    if (!answer || !answer.beacons.length) return wordless("no_answer");
    if (column.word) return wordless(column.word);
    const node = answer.beacons.find((each) => each.beaconId === column.beacon);
    if (!node) return wordless("no_answer");
    const own = answer.datasets.filter((each) => (each.via || each.beaconId) === column.beacon);
    if (column.isWhole) {
      const counted = own.filter((each) => each.alleleNumber !== undefined);
      return own.length === 1 && counted.length === 1
        ? { ...counted[0], status: node.status }
        : wordless(node.status);
    }
    const found = own.find((each) => each.id === column.dataset && each.beaconId === column.beacon);
    if (found) return found;
    return wordless(own.length || node.status === "seen" ? "no_answer" : node.status);
  }
}

function columnsOf(beacon, head, assembly) {
  const base = { beacon: beacon.beaconId };
  const all = head.datasets.filter((each) => each.beaconId === beacon.beaconId);
  const held = all.filter((each) => !each.assemblyId || each.assemblyId === assembly);
  const whole = { ...base, dataset: beacon.beaconId, name: beacon.name, isWhole: true };
  if (beacon.status) return [{ ...whole, word: beacon.status }];
  if (held.length) {
    return held.map((each) => ({
      ...base,
      dataset: each.id,
      name: each.name,
      release: each.release,
      released: each.releaseDate,
      samples: each.sampleCount,
    }));
  }
  if (beacon.kind === "here") return [];
  return [all.length ? { ...whole, word: "not_asked" } : whole];
}

function datasetOf(column) {
  const said = [`ID=${word(column.label)}`, `Name=${quoted(column.name)}`];
  if (column.release !== undefined) said.push(`Release=${column.release}`);
  if (column.released !== undefined) said.push(`Released=${word(column.released)}`);
  if (column.samples !== undefined) said.push(`Samples=${column.samples}`);
  return said;
}

function quoted(text) {
  // eslint-disable-next-line no-control-regex
  const plain = text.replace(/[\x00-\x1f\x7f]+/g, " ").replace(/\\/g, "\\\\").replace(/"/g, '\\"');
  return `"${plain}"`;
}

function word(text) {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\s\x00-\x1f\x7f,<>"=]/g, "_");
}

function withoutOurs(info) {
  const ours = new Set([...FIELDS, ROUNDED]);
  return info.split(";").filter((part) => !ours.has(part.split("=", 1)[0])).join(";") || ".";
}

function wordless(status) {
  return { status };
}

function infoOf(cells) {
  const number = (value) => (value === undefined ? "." : String(value));
  const values = [
    cells.map((cell) => number(cell.alleleCount)),
    cells.map((cell) => number(cell.alleleNumber)),
    cells.map((cell) => frequency(cell.alleleCount, cell.alleleNumber)),
    cells.map((cell) => number(cell.homozygous)),
    cells.map((cell) => cell.status),
  ];
  const text = FIELDS.map((name, at) => `${name}=${values[at].join(",")}`).join(";");
  const steps = cells.map((cell) => (cell.countAdjustedTo ? String(cell.countAdjustedTo[0]) : "."));
  return steps.every((step) => step === ".") ? text : `${text};${ROUNDED}=${steps.join(",")}`;
}

// AC / AN to six digits, as C writes it with %.6g; a dot where there is none.
export function frequency(ac, an) {
  if (ac === undefined || !an) return ".";
  const share = ac / an;
  if (share === 0) return "0";
  const [rounded, power] = share.toExponential(5).split("e");
  const middle = share.toExponential(60).match(/^(\d\.\d{4}[02468])50*e/);
  const exponent = middle ? Math.floor(Math.log10(share)) : Number(power);
  const digits = (middle ? middle[1] : rounded).replace(".", "");
  if (exponent < -4 || exponent >= 6) {
    const sign = exponent < 0 ? "-" : "+";
    const text = trimmed(`${digits[0]}.${digits.slice(1)}`);
    return `${text}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  if (exponent < 0) return trimmed(`0.${"0".repeat(-exponent - 1)}${digits}`);
  return trimmed(`${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`);
}

function trimmed(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

// --- pasted lists --------------------------------------------------------------------

const BARE = /^[ACGTUN]+$/i;
const SEVERAL = /^(?:[ACGTUN]+|\*|\.|<[^<>,\s]+>)(?:,(?:[ACGTUN]+|\*|\.|<[^<>,\s]+>))*$/i;
const WHITE = /[ \t\r\n\v\f\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

// The questions of a pasted list: a line each; of a line of a VCF, or of a table, one
// for each ALT, and nothing of it but place and bases.  Blank lines and headers ask
// nothing.  The same as `entries` of listing.py.
export function entriesOf(text) {
  const found = [];
  for (const [at, raw] of text.split(/\r\n|\r|\n/).entries()) {
    const line = raw.split(WHITE).filter(Boolean).join(" ");
    if (!line || line.startsWith("#")) continue;
    for (const asked of askedBy(raw, line)) found.push({ line: at + 1, text: asked });
  }
  return found;
}

function askedBy(raw, line) {
  const isTable = raw.includes("\t");
  const cells = isTable ? raw.split("\t").map((cell) => cell.trim()) : line.split(" ");
  const [contig, pos, third, fourth, fifth] = cells;
  if (cells.length < 5 || !/^[0-9]+$/.test(pos)) return [line];
  if (BARE.test(third)) {
    return isTable && SEVERAL.test(fourth) ? alleles(contig, pos, third, fourth) : [line];
  }
  const isRecord = BARE.test(fourth) && SEVERAL.test(fifth);
  return isTable || isRecord ? alleles(contig, pos, fourth, fifth) : [line];
}

function alleles(contig, pos, ref, alternates) {
  const every = alternates.split(",").filter((alt) => !NO_ALLELES.has(alt));
  return (every.length ? every : [alternates]).map((alt) => `${contig}-${pos}-${ref}-${alt}`);
}
