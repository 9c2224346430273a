/** What one export in the direct lane takes. Its numbers are those of BENCHMARKS.md: test/bench/simulation.test.ts compares. */

/** An export of a source, of which some contacts have changed. */
export interface SimulatedExport {
  readonly profiles: number;
  /** Contacts that are sent. */
  readonly changed: number;
  readonly isFirst?: boolean;
}

/** Of Mailchimp. */
export interface Provider {
  /** Of a request with up to 500 contacts. */
  readonly operationSeconds: number;
  /** Of a small request. */
  readonly readSeconds: number;
  /** At once, of one export. */
  readonly connections: number;
}

/** Contacts of a request, and requests of a part. */
const CHUNK = 500;
const CHUNKS_OF_PART = 50;

/** Of a worker with two cores, in seconds: of any export, for each profile, for each contact that is sent. */
const ANY_EXPORT = 0.7;
const EACH_PROFILE = 9.8e-6;
const EACH_CONTACT = 3.5e-5;
/** The same, where there is anything to send: another baseline is made. */
const ANY_CHANGE = 0.3;
const EACH_PROFILE_OF_CHANGE = 2.3e-6;

/** Of the worker before the first contact is sent and after the last one; another export of the worker makes it slower. */
export function preparingSeconds({ profiles, changed }: SimulatedExport): number {
  const change = changed > 0 ? ANY_CHANGE + EACH_PROFILE_OF_CHANGE * profiles : 0;
  return ANY_EXPORT + EACH_PROFILE * profiles + change;
}

/** Of the worker while it sends; Mailchimp works at the same time. */
export const sendingSeconds = ({ changed }: SimulatedExport): number => EACH_CONTACT * changed;

/** Requests with contacts. */
export function operations({ changed, isFirst = false }: SimulatedExport): number {
  if (changed === 0) return 0;
  // The canary is one of its own.
  if (isFirst) return Math.ceil(changed / CHUNK) + 1;
  // Of changes, those who left a segment go in requests of their own, one for each tag at least; the source of the bench has ten segments.
  return 9 + Math.ceil((1.45 * changed) / CHUNK);
}

/** Requests one after another, before and after all others: what the preflight, the census and the canary ask for. */
export function reads({ changed, isFirst = false }: SimulatedExport): number {
  if (changed === 0) return 7;
  return isFirst ? 11 : 17;
}

/** The canary goes alone, and the last request ends alone. */
export const ALONE = 2;

/** Of Mailchimp, with so many connections for this export alone. */
export function deliverySeconds(one: SimulatedExport, { operationSeconds, connections }: Provider): number {
  const sent = operations(one);
  return sent === 0 ? 0 : (sent / connections + ALONE) * operationSeconds;
}

/** From start to report, where nothing else runs. */
export function aloneSeconds(one: SimulatedExport, provider: Provider): number {
  const reading = reads(one) * provider.readSeconds;
  return preparingSeconds(one) + reading + Math.max(deliverySeconds(one, provider), sendingSeconds(one));
}

/** What Temporal Cloud bills for the export itself, without its destination and the refresh. */
export const actionsOfExport = (one: SimulatedExport): number => 8 + parts(one);

/** A step each. */
export const parts = (one: SimulatedExport): number => Math.ceil(operations(one) / CHUNKS_OF_PART);
