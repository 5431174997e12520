import type { AnswerRow, AuditEvent, Evidence, ExecutionRow, Op } from '../evidence.ts'

/** A small clean run to plant violations in: one execution that was started, ran and succeeded. */
export const CLEAN: Evidence = {
  ops: [op({ kind: 'start', key: 'quick-1', call: 1, ret: 2, value: 'a', work: 'quick' })],
  effects: [],
  rows: {
    executions: [execution('a', { name: 'quick-1' })],
    savepoints: [
      {
        execution: 'a',
        generation: 1,
        firstSeq: 1,
        lastSeq: 2,
        seqs: [1, 2],
        createdAt: 1_000,
        xmin: 7,
      },
    ],
    answers: [],
    attempts: [],
    left: [],
    reverts: [],
    messages: [],
    hooked: [],
    gates: [],
    events: [event('end', 'a', { generation: 1, status: 'ENDED_SUCCESS' }, { xid: 7 })],
  },
}

export function op(fields: Partial<Op>): Op {
  return {
    kind: 'start',
    key: 'k',
    call: 0,
    ret: 1,
    outcome: 'ok',
    status: 200,
    tries: 1,
    failures: 0,
    value: null,
    input: { n: 4 },
    ...fields,
  }
}

export function execution(id: string, fields: Partial<ExecutionRow> = {}): ExecutionRow {
  return {
    id,
    type: 'FLOW',
    status: 'ENDED_SUCCESS',
    name: null,
    message: null,
    output: { twice: 8 },
    generation: 1,
    answered: 0,
    recoveries: 0,
    parent: null,
    orphan: false,
    createdAt: 900,
    startedAt: 950,
    scheduledFor: null,
    endedAt: 1_000,
    xmin: 5,
    ...fields,
  }
}

export function event(
  what: AuditEvent['what'],
  id: string,
  detail: AuditEvent['detail'],
  more: Partial<AuditEvent> = {},
): AuditEvent {
  return { n: 1, at: 1_000, xid: 1, what, execution: id, detail, ...more }
}

export function answer(fields: Partial<AnswerRow>): AnswerRow {
  return {
    execution: 'a',
    generation: 1,
    position: 1,
    seq: 1,
    kind: 'value',
    createdAt: 990,
    xmin: 6,
    ...fields,
  }
}

/** The clean run with some of its rows replaced. */
export function withRows(rows: Partial<Evidence['rows']>, more: Partial<Evidence> = {}): Evidence {
  return { ...CLEAN, ...more, rows: { ...CLEAN.rows, ...rows } }
}
