/**
 * The area under the ROC curve (Mann and Whitney's U over the number of pairs): how likely a value of `some` is to be
 * above one of `others`. Half where nothing tells them apart; ties count half.
 */
export function auc(some: readonly number[], others: readonly number[]): number {
  let above = 0;
  for (const one of some) {
    for (const other of others) above += one > other ? 1 : one === other ? 0.5 : 0;
  }
  return above / (some.length * others.length);
}
