/** Numbers for display. */

export const count = (number: number): string => Math.round(number).toLocaleString('en-US');

export function seconds(number: number): string {
  return `${number < 100 ? number.toFixed(1) : count(number)} s`;
}

export const ratio = (number: number): string => number.toFixed(2);

export const share = (number: number): string => `${(100 * number).toFixed(number < 0.1 ? 1 : 0)} %`;

export function bytes(number: number): string {
  if (number < 1_000_000) return `${count(number / 1000)} KB`;
  return number < 10_000_000_000 ? `${count(number / 1_000_000)} MB` : `${(number / 1e9).toFixed(1)} GB`;
}
