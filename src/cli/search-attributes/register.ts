import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '@temporalio/client';
import {
  describeUnusable,
  INDEXED_TYPES,
  registeredAttributes,
  SEARCH_ATTRIBUTES,
  unusable,
  type SearchAttribute,
} from '../../contract/search-attributes';
import { ExportError } from '../../errors';

/** gRPC: the caller may not, or the server has no such request, as Temporal Cloud. */
const REFUSED: readonly unknown[] = [7, 12];

/** A server may take a while until all of it knows them. */
const USABLE_WITHIN_MS = 30_000;
const BETWEEN_MS = 200;

/**
 * Registers the attributes that the namespace does not have, and waits until it has them. Repeated, it changes nothing.
 * @returns those that were missing
 * @throws ExportError SEARCH_ATTRIBUTES_MISSING where the server refuses, or has another attribute of the name
 */
export async function registerSearchAttributes(
  connection: Connection,
  namespace: string,
): Promise<readonly SearchAttribute[]> {
  try {
    const { missing, mistyped } = unusable(await registeredAttributes(connection, namespace));
    // The server accepts a second type in silence, and keeps the first.
    if (mistyped.length > 0) throw cannotUse(describeUnusable({ missing: [], mistyped })!);
    if (missing.length === 0) return [];
    const types = missing.map((name) => [name, INDEXED_TYPES[SEARCH_ATTRIBUTES[name]]]);
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(types) as Record<string, number>,
    });
    await untilUsable(connection, namespace);
    return missing;
  } catch (error) {
    if (error instanceof ExportError) throw error;
    const { code, details } = error as { readonly code?: unknown; readonly details?: unknown };
    if (REFUSED.includes(code)) throw cannotUse(byHand(namespace));
    // The limit of a type, for example.
    if (typeof details === 'string') throw cannotUse(`The server answered: ${details}`, error);
    throw error;
  }
}

async function untilUsable(connection: Connection, namespace: string): Promise<void> {
  const deadline = Date.now() + USABLE_WITHIN_MS;
  for (;;) {
    const left = describeUnusable(unusable(await registeredAttributes(connection, namespace)));
    if (left === undefined) return;
    if (Date.now() > deadline) throw cannotUse(left);
    await delay(BETWEEN_MS);
  }
}

function cannotUse(why: string, cause?: unknown): ExportError {
  return new ExportError('SEARCH_ATTRIBUTES_MISSING', `The search attributes were not registered. ${why}`, {
    cause,
  });
}

/** The commands for who may. */
function byHand(namespace: string): string {
  const attributes = Object.entries(SEARCH_ATTRIBUTES);
  const ofCli = attributes.map(([name, type]) => `--name ${name} --type ${type}`).join(' ');
  const ofCloud = attributes.map(([name, type]) => `--search-attribute "${name}=${type}"`).join(' ');
  return (
    'The server does not let this client do it. On Temporal Cloud, run: ' +
    `tcld namespace search-attributes add --namespace ${namespace} ${ofCloud} ` +
    `On a server of your own, an operator runs: temporal operator search-attribute create --namespace ${namespace} ${ofCli}`
  );
}
