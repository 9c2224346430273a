import type { Config } from '../../config/config';
import { requirePrivateToken } from '../../config/token-file';
import { ExportError } from '../../errors';
import type { MailchimpAccount } from '../../ports/mailchimp';
import { countOf } from '../../text/format';
import { lazy } from '../lazy';
import { check, failed, notChecked, type Check } from './check';

/** Each account with its key, and each audience of a destination. Only reads. */
export async function checkAccounts(config: Config, baseFolder: string): Promise<Check[]> {
  const checks: Check[] = [];
  for (const [name, { connections, oauth }] of Object.entries(config.accounts)) {
    const at = `accounts.${name}`;
    const destinations = Object.entries(config.destinations).filter(
      ([, { connect }]) => connect.account === name,
    );
    try {
      const { openConfiguredAccount, requireWritingRole } = lazy.accounts();
      if (oauth) await requirePrivateToken(oauth.token, baseFolder);
      const account = await openConfiguredAccount(config, { name, baseFolder });
      const { role, name: title, api } = await account.login();
      requireWritingRole(name, role);
      checks.push({
        at,
        status: 'ok',
        message: `${title}, role ${role}${oauth ? ', by sign-in' : ''}, at most ${countOf(connections, 'connection')}, at ${api}`,
      });
      for (const [destination, { connect }] of destinations)
        checks.push(await checkAudience(account, destination, connect.audienceId));
    } catch (error) {
      checks.push(failed(at, error));
      for (const [destination] of destinations)
        checks.push(notChecked(audienceOf(destination), `Needs the account ${name}.`));
    }
  }
  return checks;
}

function audienceOf(destination: string): string {
  return `destinations.${destination}.audience`;
}

function checkAudience(account: MailchimpAccount, destination: string, audienceId: string): Promise<Check> {
  return check(audienceOf(destination), async () => {
    const { name, doubleOptin } = await account.audience(audienceId);
    return `${name} (${audienceId}), double opt-in ${doubleOptin ? 'on' : 'off'}`;
  });
}

/** Each source with its files, columns and SQL. Reads no rows beyond headers. */
export async function checkSources(config: Config, baseFolder: string): Promise<Check[]> {
  const checks: Check[] = [];
  for (const name of Object.keys(config.sources))
    checks.push(
      await check(`sources.${name}`, async () => {
        const {
          problems,
          attributes = [],
          segments = [],
        } = await lazy.reading().inspectSource(config, { name, baseFolder });
        const [problem, ...others] = problems;
        if (!problem)
          return `${countOf(attributes.length, 'attribute')}, ${countOf(segments.length, 'segment')}`;
        const more = others.length === 0 ? '' : ` And ${others.length} more: temporal-mailchimp config check`;
        throw new ExportError('CONFIG_INVALID', `${problem.at}: ${problem.message}${more}`);
      }),
    );
  return checks;
}
