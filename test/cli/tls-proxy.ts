import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Certificates } from './certificates';

export interface TlsProxy {
  /** `host:port` */
  readonly address: string;
  /** Names in the client certificates of the connections so far. */
  readonly clients: readonly string[];
  close(): Promise<void>;
}

/** Ends TLS in front of a server without it, and accepts only clients that have a certificate of the same authority. */
export async function startTlsProxy(target: string, { ca, server }: Certificates): Promise<TlsProxy> {
  const clients: string[] = [];
  const sockets = new Set<TLSSocket>();
  const [host = '', port = ''] = target.split(':');
  const proxy = createServer({
    ca: await readFile(ca),
    cert: await readFile(server.cert),
    key: await readFile(server.key),
    requestCert: true,
    rejectUnauthorized: true,
    // gRPC.
    ALPNProtocols: ['h2'],
  });
  proxy.on('secureConnection', (socket) => {
    clients.push(String(socket.getPeerCertificate().subject.CN));
    sockets.add(socket);
    const upstream = connect(Number(port), host);
    socket.pipe(upstream).pipe(socket);
    socket.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    upstream.on('error', () => socket.destroy());
  });
  // Clients without a certificate.
  proxy.on('tlsClientError', () => undefined);
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    address: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    clients,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}
