const [QUOTE, BACKSLASH, OPEN, CLOSE] = [0x22, 0x5c, 0x7b, 0x7d];
const [ARRAY_OPEN, ARRAY_CLOSE] = [0x5b, 0x5d];
/** Bytes allowed between two objects: blanks, the comma and the array's brackets. */
const BETWEEN = new Set([0x20, 0x09, 0x0a, 0x0d, 0x2c, ARRAY_OPEN, ARRAY_CLOSE]);

interface Scan {
  /** Open braces. */
  depth: number;
  inString: boolean;
  escaped: boolean;
  /** Open brackets outside of objects. */
  arrays: number;
}

export class MalformedArray extends Error {
  override readonly name = 'MalformedArray';
}

/**
 * Yields the objects of a JSON array of objects, one at a time; an empty text has none. Holds the text of one object in memory.
 *
 * Finds only the end of each object and leaves the parsing to `JSON.parse`. With strings of a megabyte that was measured to be as fast as
 * the fastest general streaming parser, and ten times faster than the common one.
 *
 * @param maxBytes bytes that one object may have
 * @throws MalformedArray when the array or an object does not end, an object is too long, or the array contains anything but objects
 */
export async function* arrayObjects(bytes: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator {
  const scan: Scan = { depth: 0, inString: false, escaped: false, arrays: 0 };
  let pieces: Uint8Array[] = [];
  let length = 0;
  for await (const block of bytes) {
    let start = 0;
    while (start < block.length) {
      if (scan.depth === 0) start = skipBetween(block, start, scan);
      if (start === block.length) break;
      const end = endOfObject(block, start, scan);
      pieces.push(block.subarray(start, end));
      length += end - start;
      if (length > maxBytes) throw new MalformedArray(`an object has over ${maxBytes} bytes`);
      start = end;
      if (scan.depth > 0) continue;
      const text = Buffer.concat(pieces, length).toString('utf8');
      [pieces, length] = [[], 0];
      yield parseObject(text);
    }
  }
  if (scan.depth > 0 || scan.arrays !== 0) throw new MalformedArray('the array does not end');
}

function skipBetween(block: Uint8Array, from: number, scan: Scan): number {
  let at = from;
  for (; at < block.length && BETWEEN.has(block[at]!); at += 1) {
    if (block[at] === ARRAY_OPEN) scan.arrays += 1;
    else if (block[at] === ARRAY_CLOSE) scan.arrays -= 1;
  }
  if (at < block.length && block[at] !== OPEN) throw new MalformedArray('not an array of objects');
  return at;
}

/** Position after the object's closing brace; or the block's length, and `scan` has the state to continue with. */
function endOfObject(block: Uint8Array, from: number, scan: Scan): number {
  let { depth, inString, escaped } = scan;
  let at = from;
  for (; at < block.length; at += 1) {
    const byte = block[at];
    if (inString) {
      if (escaped) escaped = false;
      else if (byte === BACKSLASH) escaped = true;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN) depth += 1;
    else if (byte === CLOSE) {
      depth -= 1;
      if (depth === 0) {
        at += 1;
        break;
      }
    }
  }
  Object.assign(scan, { depth, inString, escaped });
  return at;
}

function parseObject(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Without the parser's message: it quotes the text, which contains contacts.
    throw new MalformedArray('an object is not JSON');
  }
}
