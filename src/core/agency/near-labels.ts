/** Labels that a slip of one key makes of another (R-4.1b: 16 pairs of the province's communes are one keystroke apart). Pure. */

/** Those of `labels` that differ from `label` by one letter more, less, changed or exchanged with its neighbour. */
export function nearLabels(label: string, labels: readonly string[]): readonly string[] {
  return labels.filter((other) => other !== label && isNear(label, other))
}

function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false
  let start = 0
  while (start < a.length && a[start] === b[start]) start++
  let end = 0
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++
  const left = a.slice(start, a.length - end)
  const right = b.slice(start, b.length - end)
  if (left.length <= 1 && right.length <= 1) return true
  return left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0]
}
