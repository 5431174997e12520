import { every, type Timer } from './clock.ts'

/**
 * Gives back, once a process has become quiet, what its work left: V8 keeps a young generation of
 * tens of MiB until its next full collection, which may be hours away when little is allocated.
 *
 * One collection (some 0.1 s) per second of CPU time worked or per 16 MiB that it has grown, at the
 * first ten seconds in which it did next to nothing: a few requests of 10,000 items each are done in
 * half a second and leave as much. Under load there is none: V8's own pace is best then. Needs
 * --expose-gc; without it nothing is done.
 */
export function collectWhenIdle(): Timer | null {
  const { gc } = globalThis
  if (gc === undefined) return null
  let collectedAt = 0
  let lookedAt = cpuMs()
  let size = process.memoryUsage.rss()
  return every(LOOK_EVERY_MS, () => {
    const before = lookedAt
    lookedAt = cpuMs()
    if (lookedAt - before > QUIET_MS) return
    const isWorthIt =
      lookedAt - collectedAt >= WORTH_MS || process.memoryUsage.rss() - size >= WORTH_BYTES
    if (!isWorthIt) return
    gc({ type: 'major', flavor: 'last-resort', execution: 'sync' })
    lookedAt = cpuMs()
    collectedAt = lookedAt
    // What is left is what it needs, or cannot give back: it is not tried again for that.
    size = process.memoryUsage.rss()
  })
}

/** CPU time of this process so far. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

const LOOK_EVERY_MS = 10_000
const QUIET_MS = 300
const WORTH_MS = 1_000
const WORTH_BYTES = 16 * 1_024 ** 2
