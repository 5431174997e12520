/** `2026-11-22 09:05:07Z`: the same for everybody who reads it. */
export function formatTime(rfc3339: string | null | undefined): string {
  if (rfc3339 === null || rfc3339 === undefined) return ''
  const at = Date.parse(rfc3339)
  return Number.isNaN(at)
    ? rfc3339
    : `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}Z`
}

/** `1.2 s`, `3 min 4 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000
  if (seconds < 10) return `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`
  const [s, min, h, d] = [
    Math.floor(seconds % 60),
    Math.floor(seconds / 60) % 60,
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 86_400),
  ]
  if (d > 0) return `${d} d ${h} h`
  if (h > 0) return `${h} h ${min} min`
  return min > 0 ? `${min} min ${s} s` : `${s} s`
}

/** `since 09:05 (for 3 s)` and `until 09:06 (in 57 s)`, as far as known. */
export function formatSpan(
  span: { since: string | null; until: string | null },
  now: number,
): string {
  const parts: string[] = []
  if (span.since !== null)
    parts.push(
      `since ${formatTime(span.since)} (for ${formatDuration(now - Date.parse(span.since))})`,
    )
  if (span.until !== null) {
    const left = Date.parse(span.until) - now
    parts.push(
      `until ${formatTime(span.until)} (${left < 0 ? 'due' : `in ${formatDuration(left)}`})`,
    )
  } else if (span.since !== null) {
    parts.push('without a limit')
  }
  return parts.join(', ')
}
