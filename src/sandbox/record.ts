import type { Query } from './api/call';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';

interface RecordedRequest {
  /** ISO time. */
  readonly at: string;
  readonly method: string;
  /** Below `/3.0`. */
  readonly path: string;
  readonly query: Query;
  /** The body as text; undefined when there was none. */
  readonly body: string | undefined;
  /** 0 = the connection was cut. */
  readonly status: number;
  readonly via: 'http' | 'batch';
}

export interface Recorder {
  add(request: RecordedRequest): void;
  close(): Promise<void>;
}

const NO_RECORDER: Recorder = { add: () => undefined, close: () => Promise.resolve() };

/** Writes one JSON line per request. It does not read headers, so the file contains no credentials. */
export function openRecorder(file: string | undefined): Recorder {
  if (file === undefined) return NO_RECORDER;
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  let failure: Error | undefined;
  stream.on('error', (error) => (failure = error));
  return {
    add: (request) => void stream.write(`${line(request)}\n`),
    close: async () => {
      if (!failure) await Promise.race([once(stream.end(), 'close'), once(stream, 'error')]);
      if (failure) throw failure;
    },
  };
}

function line({ at, method, path, query, body, status, via }: RecordedRequest): string {
  const head = JSON.stringify({ at, method, path, query }).slice(0, -1);
  const tail = JSON.stringify({ status, ...(via === 'batch' ? { via } : {}) }).slice(1);
  return `${head},"body":${bodyJson(body)},${tail}`;
}

/** The body unchanged if it is JSON on one line, because parsing and serializing a million rows is slow. */
function bodyJson(body: string | undefined): string {
  if (body === undefined || body === '') return 'null';
  try {
    const parsed: unknown = JSON.parse(body);
    return /[\r\n]/.test(body) ? JSON.stringify(parsed) : body;
  } catch {
    return JSON.stringify(body);
  }
}
