import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEPLOY } from './manifests';

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** From one `FROM` to the next. */
export interface ImageStage {
  /** Of `AS`; empty for the last one, which is the image. */
  readonly name: string;
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

/** The stages of deploy/Dockerfile, in which each instruction has a line. */
export function readStages(): ImageStage[] {
  const lines = readFileSync(join(DEPLOY, 'Dockerfile'), 'utf8').split('\n');
  const stages: (ImageStage & { instructions: Instruction[] })[] = [];
  for (const line of lines) {
    const [, name, text] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    if (!name || !text) continue;
    const [, base, as = ''] = (name === 'FROM' && /^(\S+)(?: AS (\S+))?$/.exec(text)) || [];
    if (base) stages.push({ name: as, base, instructions: [] });
    else stages.at(-1)?.instructions.push({ name, text });
  }
  return stages;
}
