import { describe } from '@jest/globals';
import { segmentSourceContract, type SourceContent } from '../../../src/testing';
import { runContract } from '../../ports/run-contract';
import { Fixture, type Input, MEMBERS, PROFILES } from './fixture';

interface Form {
  /** Rows of the table of members, after the key. */
  readonly rowOf: (segment: string) => string;
  readonly members: NonNullable<Input['members']>;
}

const FORMS: Readonly<Record<string, Form>> = {
  'lists of segments': {
    rowOf: (segment) => JSON.stringify({ Segments: [segment] }),
    members: { key: 'Id', segments: 'Segments' },
  },
  'a row for each membership': {
    rowOf: (segment) => segment,
    members: { key: 'Id', segment: 'Segments' },
  },
};

function publish({ dataverse }: Fixture, content: SourceContent, { rowOf }: Form): void {
  const { attributes, profiles, segments } = content;
  dataverse.put({ name: PROFILES, columns: attributes, rows: profiles });
  const rows = segments.flatMap(({ id, members }) => members.map((key) => [key, rowOf(id)]));
  dataverse.put({ name: MEMBERS, columns: ['Id', 'Segments'], rows });
}

async function openContent(content: SourceContent, form: Form) {
  const fixture = await Fixture.make();
  publish(fixture, content, form);
  const source = await fixture.open({
    pageSize: 2,
    profiles: { key: content.attributes[0] ?? '' },
    members: form.members,
    metadata: false,
    segments: Object.fromEntries(content.segments.map(({ id, name }) => [id, { name }])),
  });
  return {
    source,
    change: async (other: SourceContent) => publish(fixture, other, form),
    close: () => fixture.remove(),
  };
}

describe.each(Object.entries(FORMS))('the contract of SegmentSource, with %s in Dataverse', (_, form) => {
  runContract(segmentSourceContract((content) => openContent(content, form)));
});
