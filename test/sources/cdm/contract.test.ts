import { describe } from '@jest/globals';
import { segmentSourceContract, type SourceContent } from '../../../src/testing';
import { runContract } from '../../ports/run-contract';
import { Lake } from './lake';

type Row = readonly (string | null)[];

const value = (text: string | null) => (text === null ? '' : `"${text.replaceAll('"', '""')}"`);

function csv(rows: readonly Row[]): string {
  return rows.map((row) => `${row.map(value).join(',')}\r\n`).join('');
}

/** In two partitions. */
function halves(rows: readonly Row[]): string[] {
  const half = Math.ceil(rows.length / 2);
  return [csv(rows.slice(0, half)), csv(rows.slice(half))];
}

function publish(lake: Lake, { attributes, profiles, segments }: SourceContent): Promise<void> {
  return lake.publish([
    { name: 'Customer', columns: attributes, partitions: halves(profiles) },
    ...segments.map(({ id, members }) => ({
      name: `Segment_${id}`,
      columns: ['Projected', 'Id'],
      partitions: halves(members.map((key) => ['1', key])),
    })),
  ]);
}

function publishMemberships(lake: Lake, { attributes, profiles, segments }: SourceContent): Promise<void> {
  const members = segments.flatMap(({ id, members }) => members.map((key) => [key, `["${id}"]`]));
  return lake.publish([
    { name: 'Customer', columns: attributes, partitions: halves(profiles) },
    { name: 'Memberships', columns: ['Id', 'Segments'], partitions: halves(members) },
  ]);
}

interface Form {
  readonly publish: typeof publish;
  /** Where the members of a segment are. */
  readonly segment: (id: string) => object;
}

async function openLake(content: SourceContent, { publish, segment }: Form) {
  const lake = await Lake.make();
  await publish(lake, content);
  const source = await lake.open({
    profiles: { key: content.attributes[0] ?? '' },
    segments: Object.fromEntries(content.segments.map(({ id, name }) => [id, { name, ...segment(id) }])),
  });
  const close = async () => {
    await source.close();
    await lake.remove();
  };
  return { source, change: (other: SourceContent) => publish(lake, other), close };
}

const FORMS: Readonly<Record<string, Form>> = {
  'output tables': {
    publish,
    segment: (id) => ({ members: { table: `Segment_${id}`, key: 'Id' } }),
  },
  'lists of segments': {
    publish: publishMemberships,
    segment: () => ({ members: { table: 'Memberships', key: 'Id', segments: 'Segments' } }),
  },
};

describe.each(Object.entries(FORMS))('the contract of SegmentSource, with %s of a model', (_, form) => {
  runContract(segmentSourceContract((content) => openLake(content, form)));
});
