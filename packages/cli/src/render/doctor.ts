import type { DoctorFinding, DoctorReport } from '@millrace/client'

/** One line for each finding, and what all of it was found in. */
export function renderDoctor(report: DoctorReport): string {
  const { executions, waits, findings, truncated, standing, healthy, left } = report
  const counted = `Looked at ${executions} live executions and ${waits} open waits`
  if (findings.length === 0)
    return [
      `${counted}: each one moves, or stands still for a reason that holds.`,
      ...Object.entries(standing).map(([status, count]) => `  ${status.padEnd(18)}  ${count}`),
    ].join('\n')
  const found = findings.length === 1 ? '1 finding' : `${findings.length} findings`
  const mended = left === null ? '' : healthy ? ', and nothing of it is left' : `, ${left} left`
  return [
    ...findings.map(renderFinding),
    ...(truncated ? ['There is more of it than is told.'] : []),
    `${counted}: ${found}${mended}.`,
  ].join('\n')
}

function renderFinding({ sentence, repair, repaired }: DoctorFinding): string {
  if (repair === null) return `- ${sentence}`
  return repaired ? `- ${sentence} Done: ${repair}.` : `- ${sentence} --repair would ${repair}.`
}
