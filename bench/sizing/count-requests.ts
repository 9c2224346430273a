import { createServer, request, type IncomingMessage } from 'node:http';

/** Requests to an object store, as providers bill them, and bytes of bodies. */
export interface StoreRequests {
  /** PUT and POST: objects, and parts of large ones. */
  readonly writes: number;
  readonly reads: number;
  readonly lists: number;
  readonly deletes: number;
  /** Reads of the claim, about once a second while an export sends. Not in `reads`, since they depend on the time. */
  readonly looks: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** A proxy before a store that counts. */
interface Counting {
  readonly url: string;
  restart(): void;
  counted(): StoreRequests;
  close(): Promise<void>;
}

const NONE = { writes: 0, reads: 0, lists: 0, deletes: 0, looks: 0, bytesUp: 0, bytesDown: 0 };

export async function countRequests(target: string): Promise<Counting> {
  let counts: { -readonly [Name in keyof StoreRequests]: number } = { ...NONE };
  const server = createServer((incoming, answer) => {
    const { method = '', url = '', headers } = incoming;
    counts[kindOf(method, url)] += 1;
    incoming.on('data', (chunk: Buffer) => (counts.bytesUp += chunk.length));
    const forwarded = request(`${target}${url}`, { method, headers }, (reply: IncomingMessage) => {
      reply.on('data', (chunk: Buffer) => (counts.bytesDown += chunk.length));
      answer.writeHead(reply.statusCode ?? 500, reply.headers);
      reply.pipe(answer);
    });
    forwarded.on('error', () => answer.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    restart: () => void (counts = { ...NONE }),
    counted: () => ({ ...counts }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function kindOf(method: string, url: string): 'writes' | 'reads' | 'lists' | 'deletes' | 'looks' {
  if (method === 'DELETE') return 'deletes';
  // One request deletes many objects.
  if (method === 'POST' && /[?&]delete\b/.test(url)) return 'deletes';
  if (method === 'PUT' || method === 'POST') return 'writes';
  if (/[?&]list-type/.test(url)) return 'lists';
  return url.includes('/claimed/') ? 'looks' : 'reads';
}
