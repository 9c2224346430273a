import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { login, type LoginRequest, type SignedIn } from '../../src/cli/account/login';
import { loadConfig } from '../../src/config/config-file';
import { startSandbox, type Sandbox } from '../../src/sandbox';

export const SECRET = 'secret-of-the-app';

/** A configuration with an account that signs in to a sandbox. */
export interface LoginScene {
  readonly sandbox: Sandbox;
  readonly configFile: string;
  readonly redirectUri: string;
  readonly tokenFile: string;
  /** Signs in as the command does. The browser goes where it is sent, unless `open` does something else. */
  readonly login: (change?: Partial<LoginRequest>) => Promise<SignedIn>;
  /** What the user has read so far. */
  readonly said: () => string;
  /** The last page that the browser has shown. */
  readonly page: () => Promise<Response>;
  /** Opens a link as a browser does. */
  readonly browse: (link: string) => boolean;
  readonly close: () => Promise<void>;
}

export async function openLoginScene(): Promise<LoginScene> {
  const folder = await mkdtemp(join(tmpdir(), 'login-'));
  const sandbox = await startSandbox({ switches: { appSecret: SECRET } });
  const redirectPort = await freePort();
  const configFile = join(folder, 'temporal-mailchimp.yaml');
  await writeFile(join(folder, 'app-secret'), `${SECRET}\n`, { mode: 0o600 });
  const main = {
    oauth: {
      token: 'file:tokens/main',
      clientId: '123456789012',
      clientSecret: 'file:app-secret',
      redirectPort,
      loginUrl: new URL('/', sandbox.url).href,
    },
    baseUrl: sandbox.url,
  };
  await writeFile(configFile, stringify({ accounts: { main }, sources: {} }));
  const lines: string[] = [];
  let shown: Promise<Response> | undefined;
  const browse = (link: string) => {
    shown = fetch(link);
    shown.catch(() => {});
    return true;
  };
  return {
    sandbox,
    configFile,
    redirectUri: `http://127.0.0.1:${redirectPort}/oauth/mailchimp/callback`,
    tokenFile: join(folder, 'tokens/main'),
    login: async (change = {}) => {
      const { config, baseFolder } = await loadConfig(configFile);
      return login({
        account: 'main',
        config,
        baseFolder,
        say: (text) => void lines.push(text),
        open: browse,
        ...change,
      });
    },
    said: () => lines.join('\n'),
    page: () => {
      if (!shown) throw new Error('the browser has shown no page');
      return shown;
    },
    browse,
    close: async () => {
      await sandbox.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
