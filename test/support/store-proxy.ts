import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http';

/** What happens to one request. */
export type Weather =
  | 'good'
  /** The store does what it was asked for, and its answer never arrives. */
  | 'lost'
  /** The answer ends after so many bytes of its body, with the connection. */
  | { readonly cutAfter: number }
  /** The body stops there, and the connection stays. */
  | { readonly silentAfter: number }
  | { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> };

interface Seen {
  readonly method: string;
  /** With query. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  /** Whether it asks for the content of an object: neither for a list, nor for the first byte to see whether it is there. */
  readonly isRead: boolean;
}

/** An HTTP proxy before a store, with any weather. */
export interface Proxy {
  readonly url: string;
  readonly seen: Seen[];
  /** Decides over each request, and may do something before it. */
  weather: (seen: Seen) => Weather | Promise<Weather>;
  /** Changes addresses before they are passed on. */
  rewrite: (url: string) => string;
  close(): Promise<void>;
}

export async function startProxy(target: string): Promise<Proxy> {
  const server = createServer((incoming, answer) => {
    void pass(incoming, answer).catch(() => answer.destroy());
  });
  const proxy: Proxy = {
    url: '',
    seen: [],
    weather: () => 'good',
    rewrite: (url) => url,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  async function pass(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { url = '', headers, method = '' } = incoming;
    const isList = /[?&](list-type|comp=list)/.test(url);
    const isRead = method === 'GET' && !isList && headers.range !== 'bytes=0-0';
    const seen = { method, url, headers, isRead };
    proxy.seen.push(seen);
    const weather = await proxy.weather(seen);
    if (typeof weather === 'object' && 'status' in weather) {
      incoming.resume();
      answer.writeHead(weather.status, weather.headers ?? {}).end(weather.body);
      return;
    }
    const forwarded = request(`${target}${proxy.rewrite(url)}`, { method, headers }, (reply) => {
      if (weather === 'lost') {
        reply.resume().on('end', () => answer.destroy());
        return;
      }
      answer.writeHead(reply.statusCode ?? 500, reply.headers);
      answer.flushHeaders();
      if (weather === 'good') reply.pipe(answer);
      else if ('cutAfter' in weather) void cut(reply, weather.cutAfter, () => answer.destroy());
      else void cut(reply, weather.silentAfter, () => undefined);
    });
    async function cut(reply: IncomingMessage, after: number, then: () => void): Promise<void> {
      let left = after;
      for await (const chunk of reply) {
        const bytes = (chunk as Buffer).subarray(0, left);
        left -= bytes.length;
        await new Promise((resolve) => answer.write(bytes, resolve));
        if (left === 0) break;
      }
      then();
    }
    forwarded.on('error', () => answer.destroy());
    incoming.pipe(forwarded);
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return Object.assign(proxy, { url: `http://127.0.0.1:${port}` });
}
