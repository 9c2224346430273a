import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { errorCode } from '../../config/error-code';
import { MEMBER_STATUSES } from '../../contract/outcome';
import { parse } from '../../contract/parse';
import { ExportError } from '../../errors';
import type { AudienceSeed } from '../../sandbox';
import { DEFAULT_AUDIENCE_ID } from './audience';

const MemberSchema = z.strictObject({
  email_address: z.string().min(1),
  status: z.enum(MEMBER_STATUSES),
  merge_fields: z.record(z.string(), z.unknown()).optional(),
  tags: z.array(z.string()).optional(),
  unsubscribed_by: z.enum(['contact', 'api']).optional(),
});

const AudienceSchema = z.strictObject({
  id: z.string().min(1),
  name: z.string().min(1),
  doubleOptin: z.boolean().optional(),
  emailTypeOption: z.boolean().optional(),
  marketingPermissions: z.boolean().optional(),
  mergeFields: z
    .array(
      z.strictObject({
        tag: z.string(),
        name: z.string(),
        type: z.string(),
        required: z.boolean().optional(),
        options: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .optional(),
  groups: z.record(z.string().min(1), z.array(z.string().min(1))).optional(),
  members: z.array(MemberSchema).optional(),
  membersFile: z.string().optional(),
});

const SeedFileSchema = z.array(AudienceSchema).min(1);

/** The audience of a file that contains only members. */
const MEMBERS_ONLY: AudienceSeed = { id: DEFAULT_AUDIENCE_ID, name: 'Sandbox audience' };

/**
 * Reads the initial audiences of a sandbox: a JSON file with one audience or a list, or an .ndjson or .jsonl file with one member per line.
 * @throws ExportError INPUT_INVALID
 */
export async function readSeedFile(file: string): Promise<readonly AudienceSeed[]> {
  const text = await readText(file);
  // The sandbox reads the file itself, line by line: it may contain a million members.
  if (/\.(ndjson|jsonl)$/.test(file)) return [{ ...MEMBERS_ONLY, membersFile: file }];
  const json = readJson(text, file);
  const audiences = parse(SeedFileSchema, Array.isArray(json) ? json : [json], {
    what: `The audience file ${file}`,
  });
  // The sandbox checks the names and types of merge fields itself.
  return audiences as readonly AudienceSeed[];
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ExportError(
      'INPUT_INVALID',
      `The audience file ${file} could not be read (${errorCode(error)}).`,
    );
  }
}

function readJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ExportError(
      'INPUT_INVALID',
      `The audience file ${file} is not JSON. A file with one member per line must end in .ndjson or .jsonl.`,
    );
  }
}
