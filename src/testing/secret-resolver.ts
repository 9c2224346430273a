import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { ExportError } from '../errors';
import type { SecretResolver } from '../ports/secrets';
import { assertSame, casesWith, type ContractCase, errorOf, type Fixture } from './contract-case';

export interface SecretResolverFixture extends Fixture {
  readonly resolver: SecretResolver;
  /** Of one secret, which does not exist yet. */
  readonly reference: string;
  /** Gives the secret a text, in place of the one it has. */
  readonly set: (text: string) => Promise<void>;
}

/**
 * The rules of `SecretResolver`.
 * @example
 * ```ts
 * import { secretResolverContract } from 'temporal-mailchimp/testing';
 *
 * for (const { name, run } of secretResolverContract(openMyResolver)) test(name, run);
 * ```
 */
export function secretResolverContract(open: () => Promise<SecretResolverFixture>): readonly ContractCase[] {
  return casesWith(open, {
    'a reference is resolved to the text, without blank space around it': async ({
      resolver,
      reference,
      set,
    }) => {
      await set(' s3cret-us1 \n');
      assert.equal(await resolver.resolve(reference), 's3cret-us1');
    },
    'a replaced text is there at the next call': async ({ resolver, reference, set }) => {
      await set('old-us1');
      assert.equal(await resolver.resolve(reference), 'old-us1');
      await set('new-us1');
      assert.equal(await resolver.resolve(reference), 'new-us1');
    },
    'a secret that does not exist is SECRET_UNAVAILABLE with its reference': async ({
      resolver,
      reference,
    }) => {
      await assertUnavailable(resolver, reference);
    },
    'an empty secret is SECRET_UNAVAILABLE': async ({ resolver, reference, set }) => {
      await set(' \n');
      await assertUnavailable(resolver, reference);
    },
    'it is there for many who ask at once': async ({ resolver, reference, set }) => {
      await set('s3cret-us1');
      const texts = await Promise.all(Array.from({ length: 10 }, () => resolver.resolve(reference)));
      assertSame([...new Set(texts)], ['s3cret-us1']);
    },
  });
}

async function assertUnavailable(resolver: SecretResolver, reference: string): Promise<void> {
  const error = await errorOf(resolver.resolve(reference));
  assert.ok(error instanceof ExportError, inspect(error));
  assert.equal(error.code, 'SECRET_UNAVAILABLE');
  assert.ok(error.message.includes(reference), error.message);
}
