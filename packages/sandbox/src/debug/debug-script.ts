import type { Script } from '../sandbox-options.ts'

/**
 * The script as its debugger runs it: in a realm of its own, so the plain one never knows. `lines`
 * given: only these can be stopped at, for ever, which costs less; there is no stepping then.
 */
export function debugScript(script: Script, lines: readonly number[] | null = null): Script {
  const fixed = lines === null ? '' : `:${[...new Set(lines)].toSorted((a, b) => a - b).join(',')}`
  return { ...script, hash: `${script.hash}/debug${fixed}`, debug: { lines } }
}
