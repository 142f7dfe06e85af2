/**
 * The area under the ROC curve (Mann and Whitney's U divided by the number of pairs): the probability that a value of
 * `some` is above a value of `others`, where a tie counts half. It is 0.5 if the two cannot be told apart.
 */
export function auc(some: readonly number[], others: readonly number[]): number {
  let above = 0;
  for (const one of some) {
    for (const other of others) above += one > other ? 1 : one === other ? 0.5 : 0;
  }
  return above / (some.length * others.length);
}
