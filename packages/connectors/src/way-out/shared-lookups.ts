type Lookup = (name: string) => Promise<readonly string[]>

/**
 * Look-ups of names, each name once at a time: whoever asks meanwhile gets the same answer. Threads of
 * the process are few, and a name whose servers are silent holds one for as long as the system waits,
 * also when nobody awaits it any more. A failure is therefore told again for as long as it took, so
 * that such a name has no more than half of a thread; a quick one is forgotten before the repeat.
 */
export function sharedLookups(lookup: Lookup, nowMs: () => number): Lookup {
  const pending = new Map<string, ReturnType<Lookup>>()
  const failed = new Map<string, { readonly untilMs: number; readonly error: unknown }>()

  async function ask(name: string): Promise<readonly string[]> {
    const startedMs = nowMs()
    try {
      return await lookup(name)
    } catch (error) {
      const tookMs = Math.min(nowMs() - startedMs, FAILURE_MAX_MS)
      failed.set(name, { untilMs: nowMs() + tookMs, error })
      const oldest = failed.keys().next().value
      if (failed.size > FAILURES_MAX && oldest !== undefined) failed.delete(oldest)
      throw error
    }
  }

  return (name) => {
    const failure = failed.get(name)
    if (failure !== undefined && nowMs() < failure.untilMs) return Promise.reject(failure.error)
    failed.delete(name)
    const running = pending.get(name) ?? ask(name).finally(() => pending.delete(name))
    pending.set(name, running)
    return running
  }
}

const FAILURE_MAX_MS = 10_000
const FAILURES_MAX = 1_000
