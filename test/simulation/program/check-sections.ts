import type { Json } from './expectation.ts'

/** A stay inside of a lock, as the flow noted it: times of Postgres's clock. */
export interface Section {
  readonly lock: string
  readonly token: number
  /** Null: the engine's clock was ahead of it. */
  readonly entered: number | null
  /** Null: its execution ended inside of it, or not known. */
  readonly left: number | null
  readonly trouble?: string
}

/** The sections that an execution's output tells of, its waited children's among them. */
export function sectionsOf(output: Json): Section[] {
  if (typeof output !== 'object' || output === null || Array.isArray(output)) return []
  const { sections } = output as { readonly sections?: readonly unknown[] }
  return Array.isArray(sections) ? (sections as Section[]) : []
}

/**
 * What is wrong with the sections of all executions of a run: two holders at once, a token that did
 * not rise, somebody else's mark inside. Sections of one token are one holder, however often told.
 */
export function checkSections(sections: readonly Section[]): string[] {
  const wrong = sections.flatMap(({ lock, trouble }) =>
    trouble === undefined ? [] : [`${lock}: ${trouble}`],
  )
  for (const [lock, own] of Map.groupBy(sections, (section) => section.lock)) {
    const stays = [...Map.groupBy(own, (section) => section.token)].map(([token, times]) => {
      const entered = times.flatMap((one) => one.entered ?? [])
      const left = times.flatMap((one) => one.left ?? one.entered ?? [])
      return { token, entered: Math.min(...entered), left: Math.max(...left) }
    })
    stays.sort((a, b) => a.token - b.token)
    for (const [n, next] of stays.entries()) {
      const before = stays[n - 1]
      if (before !== undefined && before.left > next.entered)
        wrong.push(
          `${lock}: token ${next.token} entered at ${next.entered}, before token ${before.token} left at ${before.left}`,
        )
    }
  }
  return [...new Set(wrong)]
}
