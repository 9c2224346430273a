import { relative, resolve } from 'node:path';
import { lazy } from '../lazy';
import type { Found, Look } from './answers';
import { ask } from './ask';

export async function lookAtFile({ invocation, options, folder, tables }: Look): Promise<Found> {
  const path =
    options.profiles ??
    (await ask(invocation, { question: 'File with your customers', option: '--profiles' }));
  const { columns, csv } = await lazy.reading().inspectFile({ path, what: 'profiles' }, process.cwd());
  const profiles = { kind: 'files' as const, path: relative(folder, resolve(path)), csv, tables };
  return { profiles, columns, from: 'profiles' };
}
