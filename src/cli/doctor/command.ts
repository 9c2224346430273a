import { Command } from 'commander';
import type { Config } from '../../config/config';
import { stagingInFolder } from '../../config/staging-in-folder';
import { VERSION } from '../../contract/version';
import { instant } from '../../text/format';
import { lazy } from '../lazy';
import { EXIT_REFUSED } from '../shell/failure';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { examples } from '../shell/options';
import { stagingIn } from '../dev/dev-folder';
import { usesDev, withAccountsOfDev, withServerOfDev } from '../shell/running-dev';
import { DEV_FOLDER, requireSettings, type RequiredSettings } from '../shell/settings';
import { toned, type Page, type Tone } from '../text/page';
import { table } from '../text/table';
import { check, type Check } from './check';
import { checkAccounts, checkSources } from './mailchimp';
import { checkTemporal } from './temporal';

export function doctorCommand(cli: Cli): Command {
  return new Command('doctor')
    .summary('Check everything that exports need, from this machine')
    .description(
      'Check Temporal, the staging store, accounts, audiences, sources and receivers of alerts of the configuration file, from this machine.\n\n' +
        'Says of each that it is fine, or what is wrong and how to fix it. Only reads. Exit code 1 when something is wrong.',
    )
    .addHelpText('after', examples('doctor', 'doctor --config production.yaml --json'))
    .action(action(cli, examine));
}

async function examine(invocation: Invocation): Promise<number | undefined> {
  const found = await withAccountsOfDev(await requireSettings(invocation.options), invocation.terminal);
  const settings = await withServerOfDev(found, invocation.terminal);
  const { config, path, baseFolder } = settings;
  const { staging } = config;
  // A `dev` in this folder has a store of its own.
  const ofDev = (await usesDev(settings)) ? stagingInFolder(staging, stagingIn(DEV_FOLDER)) : staging;
  let storeId: string | undefined;
  const checks: Check[] = [
    await check('versions', async () => versions()),
    { at: 'configuration', status: 'ok', message: path },
    ...(await checkEncryption(settings)),
    await check('staging', async () => {
      const store = await lazy.reading().inspectStore(ofDev, baseFolder);
      storeId = store.storeId;
      return describeStore(store);
    }),
  ];
  checks.push(
    ...(await checkTemporal(settings, storeId)),
    ...(await checkAccounts(config, baseFolder)),
    ...(await checkSources(config, baseFolder)),
    ...(await checkReceivers(config, baseFolder)),
  );
  print(invocation, {
    json: { isFine: isFine(checks), checks },
    text: (page) => describe(checks, page),
  });
  return isFine(checks) ? undefined : EXIT_REFUSED;
}

/** The keys that every other command needs. */
async function checkEncryption({ temporal, baseFolder }: RequiredSettings): Promise<Check[]> {
  const { encryption } = temporal;
  if (!encryption) return [];
  const found = await check('temporal.encryption', async () => {
    await lazy.encryption().configuredCodec(encryption, baseFolder);
    return `keys ${Object.keys(encryption.keys).join(', ')}; ${encryption.use} encrypts`;
  });
  return [found];
}

/** Sends nothing: `alerts test` does. */
async function checkReceivers(config: Config, baseFolder: string): Promise<Check[]> {
  const alerts = lazy.alerts().configuredAlerts(config, baseFolder);
  const checks = Object.entries(config.alerts).map(([name, { kind }]) =>
    check(`alerts.${name}`, async () => {
      await alerts.check(name);
      return `${kind}; to send a sample: temporal-mailchimp alerts test ${name}`;
    }),
  );
  return Promise.all(checks);
}

function isFine(checks: readonly Check[]): boolean {
  return checks.every(({ status }) => status !== 'failed');
}

function versions(): string {
  const { version } = require('@temporalio/client/package.json') as { readonly version: string };
  return `temporal-mailchimp ${VERSION}, Temporal SDK ${version}, Node ${process.versions.node}`;
}

type Store = Awaited<ReturnType<ReturnType<typeof lazy.reading>['inspectStore']>>;

function describeStore({ folder, address, storeId, created, freeBytes }: Store): string {
  const free = `${Math.floor(freeBytes / 1e9)} GB free${address === undefined ? '' : ` in ${folder}`}`;
  const place = address ?? folder;
  if (storeId === undefined || created === undefined)
    return `${place}, ${free}; the first worker makes the store`;
  return `${place}, store ${storeId} of ${instant(created)}, ${free}`;
}

const TONES: Readonly<Record<Check['status'], Tone>> = {
  ok: 'good',
  failed: 'bad',
  'not checked': 'warning',
};

function describe(checks: readonly Check[], page: Page): string {
  const rows = checks.map(({ status, at, message, code }) => [
    toned(page, TONES[status], status),
    at,
    code === undefined ? message : `${code}: ${message}`,
  ]);
  const wrong = checks.filter(({ status }) => status === 'failed').length;
  const end = wrong === 0 ? 'Nothing is wrong.' : `${wrong} of ${checks.length} checks failed.`;
  return `${table(['STATUS', 'CHECK', 'FOUND'], rows, page)}\n\n${end}`;
}
