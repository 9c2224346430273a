import { lazy } from '../lazy';
import type { Found, Look } from './answers';
import { ask } from './ask';

/** As Customer Insights names them. */
const [PROFILES, CUSTOMER_ID] = ['msdynci_customerprofile', 'msdynci_customerid'];

/** Looks at an environment of Dataverse. @param url its address */
export async function lookAtDataverse(look: Look, url: string): Promise<Found> {
  const { options, folder, tables } = look;
  const { profiles: table = PROFILES, key = CUSTOMER_ID } = options;
  const environment = await environmentOf(look, url);
  // Beside files, or with SQL, its tables are those of a source of SQL, which knows no list of segments.
  const isListed = tables.length === 0 && (options.segment ?? []).length === 0;
  const lookAt = { environment, table, key, isListed };
  const { attributes, segments } = await lazy.reading().inspectDataverse(lookAt, folder);
  return {
    profiles: { kind: 'dataverse', environment, table, tables },
    columns: attributes,
    ...(attributes.includes(key) && { proposal: { key } }),
    ...(isListed && { segments: () => segments.map(({ id }) => [id, { output: true }] as const) }),
    from: 'profiles',
  };
}

async function environmentOf(
  { invocation, options }: Look,
  url: string,
): Promise<Readonly<Record<string, string>>> {
  const question = (what: string, option: string, proposal?: string) =>
    ask(invocation, { question: what, option, proposal });
  return {
    url,
    tenantId: options.tenant ?? (await question('Tenant of Microsoft Entra: its id or a domain', '--tenant')),
    clientId: options.client ?? (await question('Application (client) id', '--client')),
    clientSecret:
      options.secret ??
      (await question('Where its secret is: env:VARIABLE or file:PATH', '--secret', 'env:DATAVERSE_SECRET')),
    ...(options.authority !== undefined && { authority: options.authority }),
  };
}
