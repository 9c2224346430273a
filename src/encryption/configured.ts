import type { PayloadCodec } from '@temporalio/common';
import type { TemporalConfig } from '../config/config';
import { resolveSecret } from '../config/secrets';
import { createEncryptionCodec } from './encryption-codec';

/**
 * Resolves the keys of `temporal.encryption`.
 * @throws ExportError SECRET_UNAVAILABLE, CONFIG_INVALID
 */
export async function configuredCodec(
  { keys, use }: NonNullable<TemporalConfig['encryption']>,
  baseFolder: string,
): Promise<PayloadCodec> {
  const resolved = await Promise.all(
    Object.entries(keys).map(
      async ([id, reference]) => [id, await resolveSecret(reference, baseFolder)] as const,
    ),
  );
  return createEncryptionCodec({ keys: Object.fromEntries(resolved), use });
}

/** Options of clients and workers; none without `temporal.encryption`. */
export async function encryptionOptions(
  { encryption }: Pick<TemporalConfig, 'encryption'>,
  baseFolder: string,
): Promise<{ readonly dataConverter?: { readonly payloadCodecs: PayloadCodec[] } }> {
  if (!encryption) return {};
  return { dataConverter: { payloadCodecs: [await configuredCodec(encryption, baseFolder)] } };
}

export { startCodecServer } from './codec-server';
