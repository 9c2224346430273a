import type { UndeliveredAlert } from './alert';
import type { Audience, Configuration, Consent } from './destination';
import type { CompactConfiguration } from './compact';
import type { ConsentEvent } from './consent-history';
import type { ExportView } from './export';
import type { JobKind } from './job-kind';
import type { ExportReport } from './report';

/** How far a destination is set up. `connecting`: its first connect has not succeeded. `configured`: it can export. */
export type DestinationPhase = 'connecting' | 'connected' | 'configured' | 'removed';

/** What `status_if_new` means for the consent of contacts that are new to the audience. */
export interface ConsentFact {
  /** `warning`: it differs from what the audience's own signup forms do. `WITHOUT_MARKETING_PERMISSIONS`: of an audience that has them. */
  readonly kind: 'note' | 'warning';
  readonly code:
    | 'CONFIRMATION_MAIL'
    | 'NO_CONFIRMATION_MAIL'
    | 'SKIPS_CONFIRMATION'
    | 'CONFIRMATION_PROVEN'
    | 'WITHOUT_MARKETING_PERMISSIONS';
  readonly message: string;
}

/** An export, or a plan, that runs. */
export interface RunningExport {
  readonly exportId: string;
  readonly number: number;
  readonly kind: JobKind;
  /**
   * What the export says of itself; null until it has begun, and while no worker answers for it. The state query of a destination does not
   * know it: `ExportClient` asks the export.
   */
  readonly now: ExportNow | null;
}

/** What an export does now: its phase, its state and since when, and whether it is paused. */
export type ExportNow = Pick<ExportView, 'phase' | 'state' | 'isPaused'>;

/** An export, or a plan, that waits for its turn. */
export interface QueuedExport {
  readonly exportId: string;
  readonly number: number;
  readonly kind: JobKind;
  /** When it was requested, in ISO 8601 and UTC. */
  readonly since?: string;
}

/** The last complete export of a destination ended longer ago than its configuration allows. */
export interface Stale {
  /** When it became stale, in ISO 8601 and UTC. */
  readonly since: string;
  /** End of the last completed export; null: none has completed since the destination was configured. */
  readonly completedAt: string | null;
  /** The limit. */
  readonly afterHours: number;
}

/** The state of a destination. Counts, ids and references only. */
export interface DestinationView {
  readonly destinationId: string;
  readonly phase: DestinationPhase;
  /** Display name. */
  readonly name: string;
  /** As the worker configuration names it. */
  readonly account: string;
  /** Mailchimp's id of the account. */
  readonly accountId: string;
  readonly audience: Audience;
  /** As the worker configuration names it. */
  readonly source: string;
  /** By which a refresh chooses it. */
  readonly labels: readonly string[];
  /** The store with its rows. */
  readonly storeId: string;
  /** The task queue that it belongs to. */
  readonly taskQueue?: string;
  /** Status of contacts that are new to the audience. */
  readonly statusIfNew: string;
  /** What that means for the consent of new contacts, with the audience's double opt-in; empty before it is connected. */
  readonly consentFacts: readonly ConsentFact[];
  /** The identity on whose authority data is exported. */
  readonly exportUser: string;
  readonly consent: Consent | null;
  /** Who agreed and who withdrew, latest first, at most twenty. Undefined: the worker is of version 0.4.0 or earlier. */
  readonly consentHistory?: readonly ConsentEvent[];
  readonly configuration: Configuration | null;
  /**
   * The last settled export. `size`: its addresses that are in the audience, as far as known; `gone`: those known to be archived or
   * permanently deleted; `optedOut`: of `size`, unsubscribed or cleaned, where a verification has counted them since; `version`: of source, matching and segments, if as long as it is the same an export would find nothing to do.
   */
  readonly baseline: {
    readonly exportId: string;
    readonly size: number;
    readonly gone?: number;
    readonly optedOut?: number;
    readonly version?: string;
  } | null;
  /** Undefined: the last complete export is not older than `staleAfterHours` of the configuration. */
  readonly stale?: Stale;
  /** Receivers at which the last alert has not arrived. Undefined: there is none. */
  readonly undeliveredAlerts?: readonly UndeliveredAlert[];
  readonly running: RunningExport | null;
  /** In the order in which they will run. */
  readonly queued: readonly QueuedExport[];
  /** Latest first, at most ten. */
  readonly exports: readonly ExportReport[];
}

/** The state as the workflow answers: `fullView` makes the other one of it. */
export interface CompactDestinationView extends Omit<DestinationView, 'configuration' | 'labels'> {
  readonly labels?: readonly string[];
  readonly configuration: CompactConfiguration | null;
}
