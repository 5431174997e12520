import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DoctorReport } from '@millrace/client'
import { renderDoctor } from './doctor.ts'

const report = (facts: Partial<DoctorReport>): DoctorReport => ({
  healthy: false,
  executions: 12,
  waits: 7,
  standing: { SCHEDULED: 7, WAITING_ENGINE: 5 },
  findings: [],
  truncated: false,
  left: null,
  as_of: '2026-01-01T00:00:00.000Z',
  ...facts,
})

const finding = {
  kind: 'untaken',
  execution_id: 'a',
  sentence: 'Execution a has been ready for 60 s and no engine has taken it.',
  repair: 'offer it to the engines again',
  repaired: false,
}

test('says what it has looked at when there is nothing to find', () => {
  assert.equal(
    renderDoctor(report({ healthy: true })),
    `Looked at 12 live executions and 7 open waits: each one moves, or stands still for a reason that holds.
  SCHEDULED           7
  WAITING_ENGINE      5`,
  )
})

test('says each finding in a line, with what would mend it', () => {
  assert.equal(
    renderDoctor(report({ findings: [finding] })),
    `- Execution a has been ready for 60 s and no engine has taken it. --repair would offer it to the engines again.
Looked at 12 live executions and 7 open waits: 1 finding.`,
  )
})

test('says what was done, and what is left of it', () => {
  const findings = [
    { ...finding, repaired: true },
    { ...finding, sentence: 'No engine is alive: start one.', repair: null },
  ]
  assert.equal(
    renderDoctor(report({ findings, left: 1 })),
    `- Execution a has been ready for 60 s and no engine has taken it. Done: offer it to the engines again.
- No engine is alive: start one.
Looked at 12 live executions and 7 open waits: 2 findings, 1 left.`,
  )
  assert.match(renderDoctor(report({ findings, left: 0, healthy: true })), /nothing of it is left/)
})
