/** The results of a run of the bench, in seconds, bytes and counts. */
export interface Figures {
  readonly machine: Machine;
  readonly command: string;
  readonly at: string;
  readonly seconds: number;
  readonly sizes: readonly SizeFigures[];
  /** Where an operation takes a second, as at Mailchimp: one scene per lane. */
  readonly slow: readonly SlowFigures[];
  readonly others: readonly OtherFigures[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
}

export type Lane = 'batch' | 'direct';
export type Replies = 'lean' | 'full';

export interface SizeFigures {
  readonly profiles: number;
  readonly floorSeconds: number;
  readonly scenes: readonly SceneFigures[];
}

export interface SlowFigures {
  readonly profiles: number;
  readonly scene: SceneFigures;
}

/** The exports of one worker to one sandbox. */
export interface SceneFigures {
  readonly lane: Lane;
  readonly replies: Replies;
  /** Milliseconds of an operation at the sandbox; 0 = no delay. */
  readonly operationMs: number;
  /** Operations that the sandbox processes at the same time in this lane: batches are sequential, connections parallel. */
  readonly parallelism: number;
  readonly first: ExportFigures;
  readonly unchanged?: ExportFigures;
  readonly changed?: ExportFigures;
  /** Maximum over the lifetime of the worker process. */
  readonly peakRss: number;
}

export interface ExportFigures {
  readonly seconds: number;
  /** Contacts that were sent and acknowledged. */
  readonly sent: number;
  /** Detected before anything was sent. */
  readonly invalid: number;
  readonly duplicate: number;
  readonly departed: number;
  readonly censusSeconds: number;
  readonly prepareSeconds: number;
  readonly deliverSeconds: number;
  readonly settleSeconds: number;
  /** Peak memory of the worker in each of these steps. */
  readonly prepareRss: number;
  readonly deliverRss: number;
  readonly settleRss: number;
  readonly history: HistoryFigures;
  readonly provider: ProviderFigures;
  readonly stagingPeak: number;
  readonly stagingAfter: number;
}

export interface HistoryFigures {
  readonly runs: number;
  readonly events: number;
  readonly bytes: number;
  readonly activities: number;
  readonly actions: number;
}

/** What the sandbox counted. */
export interface ProviderFigures {
  readonly requests: number;
  readonly reads: number;
  /** Operations of batches and direct writes. */
  readonly writes: number;
  /** Of these, the writes with contacts: the others create tags. */
  readonly rowWrites: number;
  readonly batches: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly maxConnections: number;
}

/** The ways of other tools, and the same profiles through temporal-mailchimp, one scene per lane. */
export interface OtherFigures {
  readonly profiles: number;
  /** Milliseconds of an operation at the sandbox; 0 = no delay. */
  readonly operationMs: number;
  readonly ways: readonly WayFigures[];
  readonly ours: readonly SceneFigures[];
}

export interface WayFigures {
  readonly way: string;
  /** Rows sent to Mailchimp. */
  readonly rows: number;
  readonly seconds: number;
  readonly requests: number;
  readonly operations: number;
  readonly refused: number;
  readonly noticed: number;
}
