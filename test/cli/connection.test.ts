import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { main } from '../../src/cli/main';
import { DEV_FOLDER, readSettings, requireSettings } from '../../src/cli/shell/settings';
import { besideDev } from '../../src/cli/worker/beside-dev';
import { leaveServer } from '../../src/cli/shell/web-ui';
import type { GlobalOptions } from '../../src/cli/shell/global-options';
import { connectionOptions } from '../../src/config/connection';
import { ExportError } from '../../src/errors';
import { destinationWorkflowId } from '../../src/contract/identifiers';
import { until } from '../support/until';
import { makeCertificates, SERVER_NAME, type Certificates } from './certificates';
import { openScene, type Scene } from './scene';
import { fakeTerminal, run, runJson } from './terminal';
import { startTlsProxy, type TlsProxy } from './tls-proxy';

const before = { ...process.env };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connection-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('TEMPORAL_')) delete process.env[name];
  // The user's own temporal.toml.
  process.env['XDG_CONFIG_HOME'] = folder;
});

afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
});

/** Where a command connects, and how. */
async function connectionWith(options: GlobalOptions) {
  const { temporal, connection } = await readSettings(options);
  const { namespace } = temporal;
  return { namespace, ...(await connectionOptions(connection, temporal.address)) };
}

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

const YAML = 'accounts: {}\nsources: {}\n';
const TOML = `
[profile.default]
address = "default.test:7233"
api_key = "key-of-default"
[profile.prod]
address = "prod.test:7233"
namespace = "prod"
[profile.prod.tls]
server_name = "${SERVER_NAME}"
[profile.prod.grpc_meta]
X-Team = "crm"
`;

describe('the connection to Temporal', () => {
  test('without any setting is a server on this machine', async () => {
    expect(await connectionWith({})).toEqual({ namespace: 'default', address: '127.0.0.1:7233' });
  });

  test('takes TEMPORAL_* variables, as all tools of Temporal do', async () => {
    Object.assign(process.env, {
      TEMPORAL_ADDRESS: 'cloud.test:7233',
      TEMPORAL_NAMESPACE: 'orders',
      TEMPORAL_API_KEY: 'secret',
      TEMPORAL_GRPC_META_X_TEAM: 'crm',
    });
    expect(await connectionWith({})).toEqual({
      namespace: 'orders',
      address: 'cloud.test:7233',
      apiKey: 'secret',
      tls: true,
      metadata: { 'x-team': 'crm' },
    });
  });

  test('takes certificates as paths and as data', async () => {
    const cert = await write('client.pem', 'CERT');
    const base = { TEMPORAL_TLS_SERVER_NAME: SERVER_NAME, TEMPORAL_TLS_CLIENT_KEY_DATA: 'KEY' };
    Object.assign(process.env, { ...base, TEMPORAL_TLS_CLIENT_CERT_PATH: cert });
    const clientCertPair = { crt: Buffer.from('CERT'), key: Buffer.from('KEY') };
    const tls = { serverNameOverride: SERVER_NAME, clientCertPair };
    expect(await connectionWith({})).toMatchObject({ tls });
    process.env['TEMPORAL_TLS'] = 'false';
    expect(await connectionWith({})).toMatchObject({ tls: false });
  });

  test('takes certificates of the configuration file, relative to it', async () => {
    await write('client.pem', 'CERT');
    process.env['CONNECTION_TEST_KEY'] = 'KEY';
    const tls = '{ clientCert: file:client.pem, clientKey: env:CONNECTION_TEST_KEY }';
    const config = await write('certificates.yaml', `${YAML}temporal: { address: a.test:1, tls: ${tls} }\n`);
    expect(await connectionWith({ config })).toEqual({
      namespace: 'default',
      address: 'a.test:1',
      tls: { clientCertPair: { crt: Buffer.from('CERT'), key: Buffer.from('KEY') } },
    });
  });
});

describe('the places of the connection', () => {
  const ofProd = {
    address: 'prod.test:7233',
    namespace: 'prod',
    tls: { serverNameOverride: SERVER_NAME },
    metadata: { 'x-team': 'crm' },
  };

  test('are: options, then variables, then the named profile', async () => {
    process.env['TEMPORAL_CONFIG_FILE'] = await write('prod.toml', TOML);
    const config = await write('own.yaml', `${YAML}temporal: { address: yaml.test:7233, tls: true }\n`);
    expect(await connectionWith({ config, profile: 'prod' })).toEqual(ofProd);
    process.env['TEMPORAL_PROFILE'] = 'prod';
    expect(await connectionWith({ config })).toEqual(ofProd);
    process.env['TEMPORAL_ADDRESS'] = 'variable.test:7233';
    expect(await connectionWith({ config })).toEqual({ ...ofProd, address: 'variable.test:7233' });
    const options = { config, address: 'option.test:7233', namespace: 'option' };
    expect(await connectionWith(options)).toEqual({
      ...ofProd,
      address: 'option.test:7233',
      namespace: 'option',
    });
  });

  test('are then the configuration file, and the default profile only where that sets no connection', async () => {
    process.env['TEMPORAL_CONFIG_FILE'] = await write('prod.toml', TOML);
    const connected = await write('own.yaml', `${YAML}temporal: { namespace: mine }\n`);
    // The key of the profile must not be sent to the server of the file.
    expect(await connectionWith({ config: connected })).toEqual({
      namespace: 'mine',
      address: '127.0.0.1:7233',
    });
    const ofDefault = {
      namespace: 'default',
      address: 'default.test:7233',
      apiKey: 'key-of-default',
      tls: true,
    };
    const silent = await write('silent.yaml', `${YAML}temporal: { taskQueue: mine }\n`);
    expect(await connectionWith({ config: silent })).toEqual(ofDefault);
  });

  test('are then a dev that runs beside the configuration file, and only while it runs', async () => {
    const place = await mkdtemp(join(folder, 'dev-'));
    const config = join(place, 'own.yaml');
    await writeFile(config, YAML);
    const devFolder = join(place, DEV_FOLDER);
    await mkdir(devFolder, { recursive: true });
    await leaveServer(devFolder, { address: '127.0.0.1:7300', url: 'http://127.0.0.1:8300' });
    const checked = async (...options: string[]) => {
      const { document, errors } = await runJson(['config', 'check', '--config', config, ...options]);
      return { address: (document as { temporal: { address: string } }).temporal.address, errors };
    };
    const usual = { address: '127.0.0.1:7233', errors: '' };
    expect(await checked()).toEqual(usual);
    // A process that runs.
    await writeFile(join(devFolder, 'dev.pid'), String(process.ppid));
    expect(await checked()).toEqual({
      address: '127.0.0.1:7300',
      errors: 'Using Temporal at 127.0.0.1:7300: dev runs in the folder of the configuration file.\n',
    });
    expect((await checked('--namespace', 'mine')).address).toBe('127.0.0.1:7300');
    const { errors } = await run(['destination', 'list', '--config', config]);
    expect(errors).toContain('No Temporal server answers at 127.0.0.1:7300 (the running dev)');
    const unreachable = new ExportError('TEMPORAL_UNREACHABLE', 'No Temporal server answers. Start one.');
    const settings = await requireSettings({ config });
    expect((await besideDev(unreachable, settings))?.message).toMatch(
      /answers at 127\.0\.0\.1:7233\. dev runs .* at 127\.0\.0\.1:7300 and a worker of its own, so none is needed here/,
    );
    const ofOther = await requireSettings({ config, address: 'a.test:1' });
    expect(await besideDev(unreachable, ofOther)).toBeUndefined();

    expect(await checked('--address', 'a.test:1')).toEqual({ address: 'a.test:1', errors: '' });
    process.env['TEMPORAL_ADDRESS'] = 'b.test:1';
    expect(await checked()).toEqual({ address: 'b.test:1', errors: '' });
    delete process.env['TEMPORAL_ADDRESS'];
    process.env['TEMPORAL_CONFIG_FILE'] = await write('prod.toml', TOML);
    expect(await checked()).toEqual({ address: 'default.test:7233', errors: '' });
    delete process.env['TEMPORAL_CONFIG_FILE'];
    await writeFile(config, `${YAML}temporal: { address: '127.0.0.1:7233' }\n`);
    expect(await checked()).toEqual(usual);
  });

  test('are named by config check', async () => {
    const config = await write('own.yaml', `${YAML}temporal: { address: yaml.test:7233 }\n`);
    expect((await run(['config', 'check', '--config', config])).output).toContain(
      'yaml.test:7233 (temporal.address)',
    );
    process.env['TEMPORAL_ADDRESS'] = 'variable.test:7233';
    const { output } = await run(['config', 'check', '--config', config]);
    expect(output).toContain('variable.test:7233 (TEMPORAL_ADDRESS), namespace default');
  });
});

describe('a wrong setting is refused, and named', () => {
  test.each([
    [
      'TEMPORAL_ADDRESS',
      { TEMPORAL_ADDRESS: 'https://a.test' },
      'TEMPORAL_ADDRESS must be a host and a port',
    ],
    ['an empty namespace', { TEMPORAL_NAMESPACE: '' }, 'TEMPORAL_NAMESPACE must be the name of a namespace'],
    ['an empty key', { TEMPORAL_API_KEY: '' }, 'TEMPORAL_API_KEY must be a text that is not empty'],
    ['TEMPORAL_TLS', { TEMPORAL_TLS: 'yes' }, 'TEMPORAL_TLS is "yes", but must be true, false, 1 or 0'],
    [
      'a certificate without key',
      { TEMPORAL_TLS_CLIENT_CERT_DATA: 'CERT' },
      'TEMPORAL_TLS_CLIENT_CERT_DATA is set but its key is not',
    ],
    [
      'two certificates',
      { TEMPORAL_TLS_CLIENT_CERT_DATA: 'CERT', TEMPORAL_TLS_CLIENT_CERT_PATH: 'a.pem' },
      'Both TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_CERT_DATA are set',
    ],
    [
      'no verification',
      { TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'true' },
      'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION is not supported',
    ],
    ['an unknown profile', { TEMPORAL_PROFILE: 'prdo' }, "Profile 'prdo' not found"],
  ])('(%s)', async (_case, variables, said) => {
    Object.assign(process.env, variables);
    const { code, output, errors } = await run(['destination', 'list']);
    expect({ code, output }).toEqual({ code: 1, output: '' });
    expect(errors).toMatch(/^CONFIG_INVALID: /);
    expect(errors).toContain(said);
  });

  test.each([
    [
      'a missing certificate',
      { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/no/ca.pem' },
      'The CA certificate /no/ca.pem (TEMPORAL_TLS_SERVER_CA_CERT_PATH) could not be read (ENOENT)',
    ],
    [
      'a missing file of profiles',
      { TEMPORAL_CONFIG_FILE: '/no/temporal.toml' },
      'The file /no/temporal.toml could not be read (ENOENT). TEMPORAL_CONFIG_FILE names it',
    ],
  ])('(%s, with its path)', async (_case, variables, said) => {
    Object.assign(process.env, variables);
    const { code, errors } = await run(['destination', 'list']);
    expect(code).toBe(1);
    expect(errors).toContain(`CONFIG_UNREADABLE: ${said}`);
  });

  test.each([
    ['a misspelt key', '[profile.default]\nadress = "a.test:1"\n', 'unrecognized in profile.default: adress'],
    ['a number', '[profile.default]\naddress = 7233\n', 'profile.default.address of the file'],
    ['broken TOML', '[profile.default]\napi_key = "secret-key\n', 'Invalid TOML document'],
  ])('(%s in a profile)', async (_case, text, said) => {
    process.env['TEMPORAL_CONFIG_FILE'] = await write('wrong.toml', text);
    const { code, errors } = await run(['destination', 'list']);
    expect(code).toBe(1);
    expect(errors).toMatch(/^CONFIG_INVALID: /);
    expect(errors).toContain(said);
    expect(errors).toContain('wrong.toml');
    expect(errors).not.toContain('secret-key');
  });
});

describe('a server that wants client certificates', () => {
  let scene: Scene;
  let certificates: Certificates;
  let proxy: TlsProxy;
  const namespace = `mtls-${randomUUID().slice(0, 8)}`;

  beforeAll(async () => {
    scene = await openScene();
    certificates = await makeCertificates(folder);
    proxy = await startTlsProxy(process.env['TEST_TEMPORAL_ADDRESS']!, certificates);
    const { workflowService } = scene.temporal;
    await workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    await until(() => workflowService.describeNamespace({ namespace }).catch(() => undefined));
  });

  afterAll(async () => {
    await proxy.close();
    await scene.close();
  });

  test('gets them from worker and commands, and the namespace of the environment is used', async () => {
    const { ca, client } = certificates;
    Object.assign(process.env, {
      TEMPORAL_ADDRESS: proxy.address,
      TEMPORAL_NAMESPACE: namespace,
      TEMPORAL_TLS_SERVER_NAME: SERVER_NAME,
      TEMPORAL_TLS_SERVER_CA_CERT_DATA: await readFile(ca, 'utf8'),
      TEMPORAL_TLS_CLIENT_CERT_PATH: client.cert,
      TEMPORAL_TLS_CLIENT_KEY_PATH: client.key,
    });
    const terminal = fakeTerminal();
    const worker = main(['worker', '--config', scene.configFile], terminal);
    const { destinationId: name } = scene;
    await until(async () => (await scene.cli(`destination connect ${name} --agree --as Kim`)).code === 0);
    expect(new Set(proxy.clients)).toEqual(new Set(['client.test']));
    expect(terminal.output()).toContain(`${proxy.address}, namespace ${namespace}`);
    const { workflowService } = scene.temporal;
    const execution = { workflowId: destinationWorkflowId(name) };
    await workflowService.describeWorkflowExecution({ namespace, execution });
    await expect(
      workflowService.describeWorkflowExecution({ namespace: 'default', execution }),
    ).rejects.toThrow(/not found/i);
    terminal.interrupt();
    expect(await worker).toBe(0);
  });

  test('refuses a command without one', async () => {
    Object.assign(process.env, {
      TEMPORAL_ADDRESS: proxy.address,
      TEMPORAL_TLS_SERVER_NAME: SERVER_NAME,
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificates.ca,
    });
    const { code, errors } = await scene.cli('destination list');
    expect(code).toBe(1);
    expect(errors).toContain(
      `TEMPORAL_UNREACHABLE: No Temporal server answers at ${proxy.address} (TEMPORAL_ADDRESS)`,
    );
  });
});
