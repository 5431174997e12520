import type { Held } from './held.ts'

/**
 * Writes as the one who has the execution; null when somebody else does. Taking it back gives it
 * another version, also while the write is on its way, which is then made once more.
 */
export async function whileHeld<T>(held: Held, write: () => Promise<T | null>): Promise<T | null> {
  let version: number
  do {
    await held.adopting
    ;({ version } = held)
    const written = await write()
    if (written !== null) return written
  } while (held.adopting !== null || held.version !== version)
  held.isOver = true
  return null
}
