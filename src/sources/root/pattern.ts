import { ExportError } from '../../errors';
import { MAGIC } from '../files/data-file';
import type { FolderEntry } from './source-root';

/** Lists a folder. @param head what the names begin with, as far as it is known: a store can leave out the others */
type List = (folder: string, head: string) => Promise<readonly FolderEntry[]>;

export interface Walk {
  readonly join: (folder: string, name: string) => string;
  readonly list: List;
}

/** So many folders are listed at a time. */
const AT_ONCE = 16;

/** Paths below `folder` that match the steps of a pattern. Those that end without a wildcard need not exist. */
export async function matchesBelow(folder: string, steps: readonly string[], walk: Walk): Promise<string[]> {
  const [step, ...rest] = steps;
  if (step === undefined) return [folder];
  if (!MAGIC.test(step)) return matchesBelow(walk.join(folder, step), rest, walk);
  const entries = await walk.list(folder, step === '**' ? '' : headOf(step));
  if (step === '**') {
    const folders = entries.filter((entry) => entry.isFolder && !entry.name.startsWith('.'));
    const below = await inEach(folders, (entry) => matchesBelow(walk.join(folder, entry.name), steps, walk));
    return [...(await matchesBelow(folder, rest, walk)), ...below];
  }
  const expression = expressionOf(step);
  const names = entries.map((entry) => entry.name).filter((name) => expression.test(name));
  return inEach(names, (name) => matchesBelow(walk.join(folder, name), rest, walk));
}

async function inEach<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<string[]>,
): Promise<string[]> {
  const found: string[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    for (const paths of await Promise.all(items.slice(at, at + AT_ONCE).map(work))) {
      for (const path of paths) found.push(path);
    }
  }
  return found;
}

/** @throws ExportError CONFIG_INVALID, e.g. for `[z-a]`, also where no folder is there to be compared with */
export function checkPattern(steps: readonly string[], what: string): void {
  for (const step of steps) {
    try {
      expressionOf(step);
    } catch {
      throw new ExportError(
        'CONFIG_INVALID',
        `${what}: "${step}" is no pattern of file names: what is between brackets is a list of characters, such as [abc] or [a-c]. Correct the path in the configuration.`,
      );
    }
  }
}

function headOf(step: string): string {
  return step.slice(0, step.search(MAGIC));
}

function expressionOf(step: string): RegExp {
  const body = step.replaceAll(/\[(!?)([^\]]+)\]|[\s\S]/gu, (part, not: string, set: string | undefined) => {
    if (set !== undefined) return `[${not && '^'}${set.replaceAll(/[\\^[]/g, String.raw`\$&`)}]`;
    if (part === '*') return '.*';
    return part === '?' ? '.' : part.replace(/[\\^$.+()[\]{}|/]/, String.raw`\$&`);
  });
  return new RegExp(`^${step.startsWith('.') ? '' : String.raw`(?!\.)`}${body}$`, 'su');
}
