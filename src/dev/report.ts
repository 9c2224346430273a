/** Receives one line of progress for people: what is done now, how long it takes or took. */
export type Report = (message: string) => void;
