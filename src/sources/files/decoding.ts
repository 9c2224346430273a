/** A name of the Encoding Standard in its canonical form: `utf-8`, `utf-16le`, `windows-1252`. */
export type Encoding = string;

export const UTF_8: Encoding = 'utf-8';
export const WINDOWS_1252: Encoding = 'windows-1252';

/** Bytes to UTF-8, piece by piece; what is no text becomes U+FFFD. */
export interface Decoder {
  decode(bytes: Buffer): Buffer;
  end(): Buffer;
}

const NOTHING = Buffer.alloc(0);

export function decoderOf(encoding: Encoding): Decoder {
  // Faults in it are found later, with their lines.
  if (encoding === UTF_8) return { decode: (bytes) => bytes, end: () => NOTHING };
  if (encoding === WINDOWS_1252) {
    return { decode: (bytes) => Buffer.from(decodeWindows1252(bytes)), end: () => NOTHING };
  }
  const decoder = new TextDecoder(encoding);
  return {
    decode: (bytes) => Buffer.from(decoder.decode(bytes, { stream: true })),
    end: () => Buffer.from(decoder.decode()),
  };
}

/** From 0x80 to 0x9f, where Latin-1 has control characters. */
const WINDOWS =
  '\u20AC\u0081\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u008D\u017D\u008F' +
  '\u0090\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u009D\u017E\u0178';

/** Some versions of Node.js decode it as Latin-1. */
function decodeWindows1252(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replaceAll(/[\u0080-\u009f]/g, (char) => WINDOWS[char.charCodeAt(0) - 0x80] as string);
}

/** What a byte order mark says, and how long it is. No other encoding has a mark. */
export function markOf(bytes: Buffer): { readonly encoding: Encoding; readonly length: number } | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return { encoding: UTF_8, length: 3 };
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { encoding: 'utf-16le', length: 2 };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { encoding: 'utf-16be', length: 2 };
  return undefined;
}

/** UTF-16 without a mark: every second byte of Latin text is a NUL. */
export function looksLikeUtf16(bytes: Buffer): Encoding | undefined {
  const nuls = [0, 0];
  for (const [at, byte] of bytes.entries()) if (byte === 0) nuls[at % 2]! += 1;
  const many = bytes.length / 3;
  if (nuls[1]! > many) return 'utf-16le';
  return nuls[0]! > many ? 'utf-16be' : undefined;
}
