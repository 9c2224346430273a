import { Agent, request } from 'node:http';
import { gunzipSync } from 'node:zlib';

/** Larger than a reply, which is then unpacked in one piece. */
const UNPACK_BYTES = 2 ** 21;

/** Plain HTTP with keep-alive connections: as fast as Node.js can send. Takes compressed replies, as the HTTP clients of these tools do. */
export class Requests {
  readonly #agent: Agent;
  readonly #url: string;
  readonly #authorization: string;

  constructor(to: { readonly url: string; readonly apiKey: string }, connections: number) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
    this.#url = to.url;
    this.#authorization = `Bearer ${to.apiKey}`;
  }

  send(
    method: string,
    path: string,
    body: object,
  ): Promise<{ readonly status: number; readonly text: string }> {
    return new Promise((resolve, reject) => {
      const bytes = Buffer.from(JSON.stringify(body));
      const headers = {
        authorization: this.#authorization,
        'accept-encoding': 'gzip',
        'content-type': 'application/json',
        'content-length': bytes.length,
      };
      request(this.#url + path, { method, agent: this.#agent, headers }, (reply) => {
        const pieces: Buffer[] = [];
        reply.on('data', (piece: Buffer) => pieces.push(piece));
        reply.on('end', () => {
          const body = Buffer.concat(pieces);
          const unpacked =
            reply.headers['content-encoding'] === 'gzip'
              ? gunzipSync(body, { chunkSize: UNPACK_BYTES })
              : body;
          resolve({ status: reply.statusCode ?? 0, text: unpacked.toString('utf8') });
        });
        reply.on('error', reject);
      })
        .on('error', reject)
        .end(bytes);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
