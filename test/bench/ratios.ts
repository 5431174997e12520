import type { Row, Rows } from './load.ts'

/** The rows of every system in one turn. */
export type Turn = Readonly<Record<string, Rows>>

export interface Ratio {
  readonly title: string
  /** What is divided by what. */
  readonly of: string
  /** Median over the turns. */
  readonly ratio: number
  /** What the design asks for. */
  readonly must: string
}

/** How each work is judged: rates against the better peer, the others by their median time. */
const JUDGED: readonly {
  readonly title: keyof Rows
  readonly by: keyof Row
  readonly must: string
}[] = [
  { title: 'empty, 64 in flight', by: 'perSecond', must: 'at least 3' },
  { title: 'empty, 256 in flight', by: 'perSecond', must: 'at least 4' },
  { title: 'empty, 1 in flight', by: 'p50Ms', must: 'at most 1' },
  { title: 'ten steps, 32 in flight', by: 'perSecond', must: 'at least 10' },
  { title: '1,000 children', by: 'p50Ms', must: 'at most 0.5' },
]

/** Ours over theirs in each turn, then the median: what disturbs a turn disturbs both sides. */
export function ratiosOf(turns: readonly Turn[]): readonly Ratio[] {
  return JUDGED.flatMap(({ title, by, must }) => {
    const ratios = turns.flatMap((turn) => {
      const ours = turn['millrace']?.[title][by]
      const theirs = Object.entries(turn)
        .filter(([system]) => system !== 'millrace')
        .map(([, rows]) => rows[title][by])
      if (ours === undefined || theirs.length === 0) return []
      return [ours / (by === 'perSecond' ? Math.max(...theirs) : Math.min(...theirs))]
    })
    const unit = by === 'perSecond' ? 'rate' : 'time'
    return ratios.length === 0
      ? []
      : [{ title, of: `${unit} over that of the better peer`, ratio: median(ratios), must }]
  })
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]]
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2
}
