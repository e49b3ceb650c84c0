// Tables for spreadsheets, as the server writes them (delimited.py): CSV (RFC 4180) and
// TSV; a cell that a spreadsheet would take for a formula gets a "'" before it.

export const MARK = "\ufeff";
const ACTS = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/u;
const QUOTED = /[",\r\n]/;
const SPACES = /[\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+/g;

export function csvText(rows) {
  return rows.map((row) => `${row.map(quoted).join(",")}\r\n`).join("");
}

export function tsvText(rows) {
  return rows.map((row) => `${row.map(flat).join("\t")}\n`).join("");
}

export function harmless(cell) {
  if (cell === null || cell === undefined) return "";
  const text = String(cell);
  return typeof cell !== "number" && ACTS.test(text) ? `'${text}` : text;
}

function quoted(cell) {
  const text = harmless(cell);
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function flat(cell) {
  return harmless(cell).replace(SPACES, " ");
}
