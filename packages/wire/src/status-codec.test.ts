import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { EXECUTION_TYPES, STATUSES } from '@millrace/execution'
import {
  decodeExecutionType,
  decodeStatus,
  encodeExecutionType,
  encodeStatus,
} from './status-codec.ts'
import { ExecutionStatus, ExecutionType } from './gen/millrace/v1/status.ts'

describe('a status has one spelling each in TypeScript, proto and SQL', () => {
  it('the proto enum is the array, in its order', () => {
    assert.deepEqual(Object.keys(ExecutionStatus), ['UNSPECIFIED', ...STATUSES])
    assert.deepEqual(
      Object.values(ExecutionStatus).slice(1),
      STATUSES.map((status) => `EXECUTION_STATUS_${status}`),
    )
  })

  it('the CHECK of the execution table is the array, in its order', () => {
    const migration = new URL('../../store/migrations/0001-core.sql', import.meta.url)
    const check = /CHECK \(status IN \(([^)]*)\)\)/.exec(readFileSync(migration, 'utf8'))
    assert.deepEqual(
      check?.[1]?.split(',').map((word) => word.trim().replaceAll("'", '')),
      [...STATUSES],
    )
  })

  it('each goes to the wire and back', () => {
    for (const status of STATUSES) assert.equal(decodeStatus(encodeStatus(status)), status)
  })

  it('an unspecified one is refused', () => {
    assert.throws(() => decodeStatus(ExecutionStatus.UNSPECIFIED), /not a status/)
  })
})

describe("an execution's type has one spelling in TypeScript and proto", () => {
  it('the proto enum is the array, in its order', () => {
    assert.deepEqual(Object.keys(ExecutionType), ['UNSPECIFIED', ...EXECUTION_TYPES])
  })

  it('each goes to the wire and back, an unspecified one is refused', () => {
    for (const type of EXECUTION_TYPES) {
      assert.equal(decodeExecutionType(encodeExecutionType(type)), type)
    }
    assert.throws(() => decodeExecutionType(ExecutionType.UNSPECIFIED), /not an execution type/)
  })
})
