import { ExportError } from '../../../errors';
import { lazy } from '../../lazy';
import { answered, inFile, type Draft, type Setup, type Step } from '../setup';

/** Whose profiles and segments: the connector has one environment, a configuration file may have several sources. */
export const source: Step = {
  title: 'Source of profiles and segments',
  missing: (setup) =>
    setup.options.source !== undefined || only(setup) || inFile(setup, setup.destinationId)
      ? []
      : ['--source <name>'],
  answer: async (setup, draft) => {
    const name = await nameOf(setup, draft);
    const { config, baseFolder } = setup.file;
    const read = await lazy.reading().readSource(config, { name, baseFolder });
    return { ...draft, source: name, read };
  },
  summary: (draft) => {
    const { attributes, segments } = answered(draft, 'read');
    const has = `${attributes.length} attributes, ${segments.length} segments`;
    return [['Source', `${answered(draft, 'source')}: ${has}`]];
  },
};

async function nameOf(setup: Setup, draft: Draft): Promise<string> {
  const { options, prompts, file } = setup;
  const { sources } = file.config;
  const known = draft.source ?? inFile(setup, draft.destinationId)?.connect.source;
  if (options.source !== undefined) return options.source;
  const single = only(setup);
  if (single !== undefined) return single;
  const choices = Object.entries(sources).map(([value, { kind }]) => ({ value, label: value, hint: kind }));
  const name = (await prompts?.choose({ message: 'Source', choices, initial: known })) ?? known;
  if (name !== undefined) return name;
  throw new ExportError('INPUT_INVALID', 'The configuration file has several sources. Name one: --source.');
}

function only({ file }: Setup): string | undefined {
  const names = Object.keys(file.config.sources);
  return names.length === 1 ? names[0] : undefined;
}
