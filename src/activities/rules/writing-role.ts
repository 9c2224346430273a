import { ExportError } from '../../errors';

/** Mailchimp's user levels that may add and update contacts. Viewer and author may not. */
const WRITING_ROLES = new Set(['owner', 'admin', 'manager']);

/** @param account its name in the configuration @throws ExportError ROLE_TOO_LOW */
export function requireWritingRole(account: string, role: string): void {
  if (WRITING_ROLES.has(role)) return;
  throw new ExportError(
    'ROLE_TOO_LOW',
    `The key of account ${account} has the role "${role}" in Mailchimp, which may not write contacts. Use the key of a ` +
      'manager, an admin or the owner.',
  );
}
