import { type Body, bodiesOf } from './program.ts'

/** Everything that a body could ever leave behind. */
export function marksOf(body: Body, path: string, hasEffects: boolean): ReadonlySet<string> {
  const marks = new Set<string>()
  for (const node of body) {
    const own = `${path}/${node.id}`
    if (node.kind === 'log') marks.add(`log${own}`)
    if (node.kind === 'effect' && hasEffects) marks.add(`effect${own}`)
    const inner = bodiesOf(node)
    for (const [n, one] of inner.entries())
      for (const at of pathsOf(node, own, n))
        for (const mark of marksOf(one, at, hasEffects)) marks.add(mark)
  }
  return marks
}

function pathsOf(
  node: { readonly kind: string; readonly times?: number },
  own: string,
  n: number,
): string[] {
  if (node.kind === 'repeat')
    return Array.from({ length: node.times ?? 0 }, (_, round) => `${own}.${round}`)
  return node.kind === 'all' || node.kind === 'race' || node.kind === 'gather'
    ? [`${own}.${n}`]
    : [own]
}
