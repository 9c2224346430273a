import { Agent, request } from 'node:http';

/** Plain HTTP with keep-alive connections: as fast as Node.js can send. */
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
        'content-type': 'application/json',
        'content-length': bytes.length,
      };
      request(this.#url + path, { method, agent: this.#agent, headers }, (reply) => {
        let text = '';
        reply.setEncoding('utf8');
        reply.on('data', (piece: string) => (text += piece));
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text }));
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
