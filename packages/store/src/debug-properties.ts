/** What a person wants of an execution's debugger; kept among its rarely set properties. */
export interface DebugProperties {
  /** Lines, rising. */
  readonly breakpoints: readonly number[]
  /** Whether to stop at them. */
  readonly useBreakpoints: boolean
  /** Only they are looked at, as they were at the start: no stepping, no changes. */
  readonly onlyExplicit: boolean
  /** Stop at the next line, whichever it is. */
  readonly breakNext: boolean
}

/** Null or absent: nothing is wanted. `extra`: JSON text of the rarely set properties. */
export function debugPropertiesOf(extra: string | null): DebugProperties {
  const named = extra === null ? {} : (JSON.parse(extra) as Record<string, unknown>)
  return {
    breakpoints: linesOf(named['breakpoints']),
    useBreakpoints: named['use_breakpoints'] === true,
    onlyExplicit: named['use_only_explicit_breakpoints'] === true,
    breakNext: named['break'] === true,
  }
}

/** Whether the execution pays for looking at lines. */
export const isDebugged = ({ useBreakpoints, onlyExplicit, breakNext }: DebugProperties): boolean =>
  useBreakpoints || onlyExplicit || breakNext

/** The text with these changes; what is not named stays. */
export function withDebugProperties(
  extra: string | null,
  change: Partial<Pick<DebugProperties, 'breakpoints' | 'useBreakpoints' | 'breakNext'>>,
): string | null {
  const named = extra === null ? {} : (JSON.parse(extra) as Record<string, unknown>)
  const changed = Object.entries({
    ...named,
    ...(change.breakpoints !== undefined && { breakpoints: change.breakpoints }),
    ...(change.useBreakpoints !== undefined && { use_breakpoints: change.useBreakpoints }),
    ...(change.breakNext !== undefined && { break: change.breakNext ? true : null }),
  }).filter(([, value]) => value !== null)
  return changed.length === 0 ? null : JSON.stringify(Object.fromEntries(changed))
}

/** Lines from what was stored; each once. */
export function linesOf(value: unknown): readonly number[] {
  if (!Array.isArray(value)) return []
  const lines = value.filter((line): line is number => Number.isSafeInteger(line) && line > 0)
  return [...new Set(lines)].toSorted((a, b) => a - b)
}
