import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/** A way to a server. */
interface Way {
  readonly port: number;
  close(): void;
}

/** A way that ends after so many bytes of the server, in the middle of what it says. */
export async function cutAfter(port: number, bytes: number): Promise<Way> {
  const way = createServer((near) => {
    let left = bytes;
    const far = connect(port, '127.0.0.1');
    const end = () => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
    near.pipe(far);
    far.on('data', (chunk) => {
      near.write(chunk.subarray(0, Math.max(left, 0)), () => left <= 0 && end());
      left -= chunk.length;
    });
  }).listen(0, '127.0.0.1');
  await once(way, 'listening');
  return { port: (way.address() as AddressInfo).port, close: () => void way.close() };
}
