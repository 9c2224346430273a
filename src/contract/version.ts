/** Version of this package; a test holds it against package.json. */
export const VERSION = '0.2.0';

/** Stands in every bundle that holds this version's workflows; a worker with a bundle of another version refuses to start. */
export const WORKFLOWS_MARKER = 'temporal-mailchimp-workflows@0.2.0';
