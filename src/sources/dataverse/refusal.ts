import { z } from 'zod';
import { ExportError } from '../../errors';

/** What was attempted when the server refused. */
export interface Attempt {
  /** For messages: `profiles (msdynci_customerprofile)`. */
  readonly what: string;
  readonly url: string;
  readonly clientId: string;
}

interface Refused {
  readonly status: number;
  /** Its text. */
  readonly body: string;
}

const BodySchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** A request that another attempt would not change. Of the server's text, only what cannot be a value of a row is passed on. */
export function refusal({ status, body }: Refused, attempt: Attempt): ExportError {
  const { code, message } = parse(body);
  const shown = code === undefined ? `${status}` : `${status}, ${code}`;
  const problem = problemOf(status, { code, message }, attempt);
  return new ExportError(
    'SOURCE_UNREADABLE',
    `${attempt.what}: Dataverse refused to read it (${shown}): ${problem}`,
    {
      details: { status, ...(code !== undefined && { reason: code }) },
    },
  );
}

function problemOf(
  status: number,
  { code, message }: ReturnType<typeof parse>,
  { url, clientId }: Attempt,
): string {
  if (status === 401) {
    return `a token of the application ${clientId} is not accepted at ${url}, not even a new one. Check url and tenantId: both have to be of the same tenant.`;
  }
  if (code === '0x80072560') {
    return `the application ${clientId} is no user of this environment. Add it in the Power Platform admin center: Environments > Settings > Users + permissions > Application users.`;
  }
  const [privilege] = /\bprv[A-Za-z]\w{1,100}/.exec(message) ?? [];
  if (status === 403) {
    return privilege === undefined
      ? `the application ${clientId} may not do so. Give its application user the security roles "Customer Insights Data Read Access" and "Customer Insights Data Configuration Viewer".`
      : `its application user has no role with the privilege ${privilege}. Give it the security roles "Customer Insights Data Read Access" and "Customer Insights Data Configuration Viewer", or one of your own with that privilege.`;
  }
  if (status === 404) {
    return 'there is no such table. Check the name in the configuration; tables of Customer Insights appear with its first refresh.';
  }
  const [, property] = /Could not find a property named '(\w{1,100})'/.exec(message) ?? [];
  if (property !== undefined)
    return `there is no column "${property}" in it. Correct the configuration of the source.`;
  return status === 400
    ? 'it does not take this query. Check filter and the columns in the configuration of the source.'
    : 'another reply was expected. Check url of the source.';
}

function parse(body: string): { readonly code: string | undefined; readonly message: string } {
  try {
    const { code, message } = BodySchema.parse(JSON.parse(body)).error;
    return { code: /^\w{1,40}$/.test(code) ? code : undefined, message };
  } catch {
    return { code: undefined, message: '' };
  }
}
