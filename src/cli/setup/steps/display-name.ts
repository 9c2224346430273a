import { ConnectSettingsSchema } from '../../../contract/destination';
import { DestinationIdSchema } from '../../../contract/identifiers';
import { tryParse } from '../../../contract/parse';
import { ExportError } from '../../../errors';
import { answered, inFile, type Setup, type Step } from '../setup';

export const displayName: Step = {
  title: 'Display name',
  missing: (setup) =>
    (setup.options.displayName ?? inFile(setup, setup.destinationId)?.connect.name)
      ? []
      : ['--display-name <text>'],
  answer: async (setup, draft) => {
    const known = inFile(setup, setup.destinationId)?.connect.name;
    const name =
      setup.options.displayName ??
      (await setup.prompts?.text({
        message: 'Display name',
        initial: draft.name ?? known ?? 'Newsletter',
        check: whyNoName,
      })) ??
      known ??
      '';
    const why = whyNoName(name);
    if (why !== undefined) throw new ExportError('INPUT_INVALID', `--display-name: ${why}`);
    return { ...draft, name, destinationId: setup.destinationId ?? idFor(setup, name) };
  },
  summary: (draft) => [
    ['Display name', answered(draft, 'name')],
    ['Destination', answered(draft, 'destinationId')],
  ],
};

function whyNoName(name: string): string | undefined {
  const result = tryParse(ConnectSettingsSchema.shape.name, name);
  return result.success ? undefined : 'it has 1 to 100 characters';
}

/** The destination of the file that has this name, or a new one whose id is made of it. */
function idFor({ file }: Setup, name: string): string {
  const { destinations } = file.config;
  const same = Object.entries(destinations).find(([, { connect }]) => connect.name === name);
  if (same) return same[0];
  const base = idOf(name);
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? base : `${base}-${number}`;
    if (!Object.hasOwn(destinations, id)) return id;
  }
}

const LONGEST = 50;

/** Accents are left out: "Été 2026" becomes "ete-2026". */
function idOf(name: string): string {
  const id = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST)
    .replaceAll(/^-+|-+$/g, '');
  return DestinationIdSchema.safeParse(id).success ? id : 'newsletter';
}
