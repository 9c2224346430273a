/** What one holder wants of the budget. */
export interface Claim {
  readonly id: string;
  readonly wants: number;
  /** Among claims that want more than there is, connections are in proportion to it. At least 1. */
  readonly weight: number;
  /** Of equal claims, the lower rank is first. */
  readonly rank: number;
}

/**
 * Divides the budget: one connection for each claim, as far as they go; then by max-min fairness in proportion to the weights, so that no
 * claim gets more than it wants while another one gets less than its part; then what no claim wants, since it may be wanted in a moment.
 * @returns connections by id, together never more than the budget
 */
export function divide(budget: number, claims: readonly Claim[]): ReadonlyMap<string, number> {
  const wanting = claims.filter(({ wants }) => wants > 0).toSorted(byRank);
  const shares = new Map(claims.map(({ id }) => [id, 0]));
  const shareOf = ({ id }: Claim) => shares.get(id) ?? 0;
  let left = budget;
  const give = (claim: Claim) => {
    shares.set(claim.id, shareOf(claim) + 1);
    left -= 1;
  };
  for (const claim of wanting.slice(0, budget)) give(claim);
  const fill = (mayGetMore: (claim: Claim) => boolean) => {
    for (;;) {
      const next = left > 0 ? leastServed(wanting.filter(mayGetMore), shareOf) : undefined;
      if (!next) return;
      give(next);
    }
  };
  fill((claim) => shareOf(claim) < claim.wants);
  fill(() => true);
  return shares;
}

/** By id where ranks are equal: with another first one at each request, none of them would ever get its turn. */
function byRank(a: Claim, b: Claim): number {
  return a.rank - b.rank || (a.id < b.id ? -1 : 1);
}

/** The claim that has least for its weight, with one more. */
function leastServed(claims: readonly Claim[], shareOf: (claim: Claim) => number): Claim | undefined {
  const served = (claim: Claim) => (shareOf(claim) + 1) / claim.weight;
  // Of equal ones, the first: they are in the order of their ranks.
  return claims.reduce<Claim | undefined>(
    (least, claim) => (least && served(least) <= served(claim) ? least : claim),
    undefined,
  );
}
