// Packed bytes <-> plain ones, piece by piece: text, gzip and BGZF in, BGZF out.
// Nothing here knows what the bytes mean.  Held at a time: one piece of the file as the
// browser reads it, and as many blocks of 64 KiB as are unpacked ahead (AHEAD).
// A file that ends too early, or was damaged, is an error and never a short file.
// SAM specification, section 4.1.

const AHEAD = 8;
const MOST_IN_BLOCK = 0xff00;
const FRAME = 26;
const LARGE = 4 << 20;
const HEAD = [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, 0x42, 0x43, 2, 0];
const END = Uint8Array.from([...HEAD, 0x1b, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

// Why a file cannot be read: a word the page has a sentence for, and what is in it.
export class Unreadable extends Error {
  constructor(why, values = {}) {
    super(why);
    this.why = why;
    this.values = values;
  }
}

export function isAble() {
  return typeof DecompressionStream === "function" && typeof CompressionStream === "function";
}

// --- in ------------------------------------------------------------------------

// Yields the plain bytes of a file; the next piece is read once the last was taken.
export async function* plain(file) {
  const first = new Uint8Array(await file.slice(0, 18).arrayBuffer());
  if (!first.length) throw new Unreadable("empty");
  if (first[0] === 0x42 && first[1] === 0x43 && first[2] === 0x46) throw new Unreadable("bcf");
  if (first[0] !== 0x1f || first[1] !== 0x8b) yield* pieces(file.stream());
  else if (first[3] & 4 && first[12] === 0x42 && first[13] === 0x43) yield* unpacked(file.stream());
  else yield* gunzipped(file.stream());
}

async function* pieces(stream) {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function* gunzipped(stream) {
  try {
    yield* pieces(stream.pipeThrough(new DecompressionStream("gzip")));
  } catch (failure) {
    throw failure instanceof TypeError ? new Unreadable("broken") : failure;
  }
}

async function* unpacked(stream) {
  const ahead = [];
  let wasEmpty = false;
  for await (const block of blocks(stream)) {
    const coming = inflated(block);
    coming.catch(() => {}); // told where it is waited for
    wasEmpty = block.size === 0;
    ahead.push(coming);
    if (ahead.length >= AHEAD) yield await ahead.shift();
  }
  while (ahead.length) yield await ahead.shift();
  if (!wasEmpty) throw new Unreadable("noend");
}

async function* blocks(stream) {
  let held = new Uint8Array(0);
  for await (const piece of pieces(stream)) {
    held = joined([held, piece]);
    const view = new DataView(held.buffer, held.byteOffset, held.byteLength);
    let at = 0;
    while (held.length - at >= 12) {
      const body = at + 12 + view.getUint16(at + 10, true);
      if (body > held.length) break;
      const end = at + sizeOf(view, at, body);
      if (end > held.length) break;
      if (end - 8 < body) throw new Unreadable("broken");
      yield {
        packed: held.subarray(body, end - 8),
        sum: view.getUint32(end - 8, true),
        size: view.getUint32(end - 4, true),
      };
      at = end;
    }
    held = held.slice(at);
  }
  if (held.length) throw new Unreadable("broken");
}

function sizeOf(view, at, body) {
  const isOne = view.getUint16(at, true) === 0x8b1f && view.getUint8(at + 3) & 4;
  for (let field = at + 12; isOne && field + 4 <= body; ) {
    const length = view.getUint16(field + 2, true);
    if (view.getUint16(field, true) === 0x4342 && length === 2 && field + 6 <= body) {
      return view.getUint16(field + 4, true) + 1;
    }
    field += 4 + length;
  }
  throw new Unreadable("broken");
}

async function inflated({ packed, sum, size }) {
  if (size > 1 << 16) throw new Unreadable("broken");
  let bytes;
  try {
    bytes = await through(packed, new DecompressionStream("deflate-raw"));
  } catch {
    throw new Unreadable("broken");
  }
  if (bytes.length !== size || checksum(bytes) !== sum) throw new Unreadable("broken");
  return bytes;
}

async function through(bytes, change) {
  const stream = new Blob([bytes]).stream().pipeThrough(change);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export function joined(parts) {
  const some = parts.filter((part) => part.length);
  if (some.length === 1) return some[0];
  const whole = new Uint8Array(some.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of some) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// --- out -----------------------------------------------------------------------

// Takes plain bytes and keeps BGZF, in blobs that a browser may keep on disk; at most
// 4 MiB beside them.
export class Packer {
  constructor() {
    this.waiting = [];
    this.held = 0;
    this.fresh = [];
    this.size = 0;
    this.kept = [];
  }

  async write(bytes) {
    this.waiting.push(bytes);
    this.held += bytes.length;
    if (this.held >= MOST_IN_BLOCK) await this.pack(false);
  }

  async pack(isLast) {
    const whole = joined(this.waiting);
    let at = 0;
    while (whole.length - at >= MOST_IN_BLOCK || (isLast && at < whole.length)) {
      const block = await packed(whole.subarray(at, at + MOST_IN_BLOCK));
      at += Math.min(MOST_IN_BLOCK, whole.length - at);
      this.keep(block);
    }
    this.waiting = at < whole.length ? [whole.slice(at)] : [];
    this.held = whole.length - at;
  }

  keep(block) {
    this.fresh.push(block);
    this.size += block.length;
    if (this.size < LARGE) return;
    this.kept.push(new Blob(this.fresh));
    this.fresh = [];
    this.size = 0;
  }

  async end() {
    if (this.held) await this.pack(true);
    return new Blob([...this.kept, ...this.fresh, END], { type: "application/gzip" });
  }
}

export async function packed(bytes) {
  let made = await through(bytes, new CompressionStream("deflate-raw"));
  if (made.length + FRAME > 1 << 16) made = stored(bytes);
  const block = new Uint8Array(made.length + FRAME);
  const view = new DataView(block.buffer);
  block.set(HEAD);
  view.setUint16(16, block.length - 1, true);
  block.set(made, 18);
  view.setUint32(block.length - 8, checksum(bytes), true);
  view.setUint32(block.length - 4, bytes.length, true);
  return block;
}

function stored(bytes) {
  const made = new Uint8Array(bytes.length + 5);
  const view = new DataView(made.buffer);
  made[0] = 1;
  view.setUint16(1, bytes.length, true);
  view.setUint16(3, ~bytes.length & 0xffff, true);
  made.set(bytes, 5);
  return made;
}

// --- CRC-32, RFC 1952, section 8 --------------------------------------------------

const SUMS = new Uint32Array(256).map((_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum;
});

export function checksum(bytes) {
  let sum = 0xffffffff;
  for (let at = 0; at < bytes.length; at += 1) sum = SUMS[(sum ^ bytes[at]) & 0xff] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}
