import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Certificates {
  readonly ca: string;
  readonly server: Pair;
  readonly client: Pair;
}

/** Paths of PEM files. */
interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** The name in the certificate of the server. */
export const SERVER_NAME = 'temporal.test';

/** An authority, and certificates of it for a server and a client. Made by openssl, since Node makes no certificates. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const ca = join(folder, 'ca.pem');
  const caKey = join(folder, 'ca.key');
  const subject = ['-subj', '/CN=Authority of a test'];
  const authority = ['-addext', 'basicConstraints=critical,CA:TRUE'];
  await openssl(
    'req',
    '-x509',
    ...NEW_KEY,
    '-keyout',
    caKey,
    '-out',
    ca,
    '-days',
    '2',
    ...subject,
    ...authority,
  );
  const sign = async (name: string): Promise<Pair> => {
    const [cert, key, request, extensions] = ['pem', 'key', 'csr', 'ext'].map((end) =>
      join(folder, `${name}.${end}`),
    );
    await writeFile(extensions!, `subjectAltName=DNS:${name}\n`);
    await openssl('req', ...NEW_KEY, '-keyout', key!, '-out', request!, '-subj', `/CN=${name}`);
    const by = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial'];
    await openssl(
      'x509',
      '-req',
      '-in',
      request!,
      ...by,
      '-days',
      '2',
      '-extfile',
      extensions!,
      '-out',
      cert!,
    );
    return { cert: cert!, key: key! };
  };
  return { ca, server: await sign(SERVER_NAME), client: await sign('client.test') };
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

async function openssl(...args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)('openssl', args);
  } catch (error) {
    throw new Error(
      'This test makes certificates with openssl 1.1.1 or newer: install it (apt-get install openssl)',
      {
        cause: error,
      },
    );
  }
}
