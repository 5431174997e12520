/** A bound on what is under way at once; whoever comes first is let in first. */
export interface Slots {
  /** Resolves when there is room. */
  take(): Promise<void>
  give(): void
}

export function createSlots(size: number): Slots {
  const waiting: (() => void)[] = []
  let free = size
  return {
    take() {
      if (free > 0) {
        free -= 1
        return Promise.resolve()
      }
      return new Promise((resolve) => waiting.push(resolve))
    },
    give() {
      const next = waiting.shift()
      if (next === undefined) free += 1
      else next()
    },
  }
}
