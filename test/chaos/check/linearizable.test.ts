import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { linearizable, type Model, type Operation } from './linearizable.ts'
import { cancelModel, lockModel, startModel } from './models.ts'

/** A value that is written and read: the object that everybody knows. */
const register: Model<number, { write: number } | 'read', number> = {
  initial: 0,
  name: String,
  step: (state, input, output) => {
    if (input !== 'read') return [input.write]
    return output === null || output === state ? [state] : []
  },
}

type Done<Input, Output> = Operation<Input, Output>
const done = <Input, Output>(
  call: number,
  ret: number,
  input: Input,
  output: Output,
): Done<Input, Output> => ({ call, ret, input, output })
const unknown = <Input>(call: number, input: Input): Done<Input, never> => ({
  call,
  ret: Infinity,
  input,
  output: null,
})
const write = (call: number, ret: number, value: number) => done(call, ret, { write: value }, 0)
const read = (call: number, ret: number, value: number) => done(call, ret, 'read' as const, value)

describe('linearizable', () => {
  test('concurrent reads may see a write or not yet', () => {
    assert.equal(linearizable([write(0, 10, 1), read(1, 3, 0), read(4, 9, 1)], register), 'yes')
  })
  test('nobody sees the old value after somebody saw the new one', () => {
    assert.equal(linearizable([write(0, 10, 1), read(1, 3, 1), read(4, 9, 0)], register), 'no')
  })
  test('a write that was answered is seen', () => {
    assert.equal(linearizable([write(0, 1, 1), read(2, 3, 0)], register), 'no')
  })
  test('an unknown write may happen late, or never', () => {
    const late = unknown(0, { write: 7 })
    assert.equal(linearizable([late, read(2, 3, 0), read(4, 5, 7)], register), 'yes')
    assert.equal(linearizable([late, read(2, 3, 0), read(4, 5, 0)], register), 'yes')
    assert.equal(linearizable([late, read(2, 3, 7), read(4, 5, 0)], register), 'no')
  })
  test('thousands of operations are judged, and too many are not passed', () => {
    const many = Array.from({ length: 2_000 }, (_, n) => [
      write(n * 10, n * 10 + 14, n + 1),
      read(n * 10 + 2, n * 10 + 25, n + 1),
    ]).flat()
    assert.equal(linearizable(many, register), 'yes')
    assert.equal(linearizable(many, register, 100), 'too much work')
  })
})

describe('a start by key', () => {
  test('gives every caller the same id', () => {
    const own = [done(0, 9, 'start', 'a'), done(1, 8, 'start', 'a')] as const
    assert.equal(linearizable(own, startModel), 'yes')
    assert.equal(linearizable([...own, done(10, 11, 'start', 'b')], startModel), 'no')
  })
  test('that nobody answered may have happened', () => {
    const start = unknown(0, 'start' as const)
    assert.equal(linearizable([start, done(5, 6, 'start', 'a')], startModel), 'yes')
  })
  test('is found afterwards', () => {
    const start = done(0, 1, 'start' as const, 'a')
    assert.equal(linearizable([start, done(2, 3, 'find', 'a')], startModel), 'yes')
    assert.equal(linearizable([start, done(2, 3, 'find' as const, null)], startModel), 'no')
  })
})

describe('a cancel', () => {
  test('that was accepted is seen by all who ask later', () => {
    const cancel = done(0, 1, 'cancel', 'ENDED_CANCELLED')
    assert.equal(linearizable([cancel, done(2, 3, 'read', 'ENDED_CANCELLED')], cancelModel), 'yes')
    assert.equal(linearizable([cancel, done(2, 3, 'read', 'AT_ENGINE')], cancelModel), 'no')
    assert.equal(linearizable([cancel, done(2, 3, 'read', 'ENDED_SUCCESS')], cancelModel), 'no')
  })
  test('that was refused came after the end', () => {
    const cancel = done(0, 1, 'cancel', 'refused')
    assert.equal(linearizable([cancel, done(2, 3, 'read', 'ENDED_ERROR')], cancelModel), 'yes')
    assert.equal(linearizable([cancel, done(2, 3, 'read', 'SCHEDULED')], cancelModel), 'no')
  })
  test('that is unknown may have come too late', () => {
    const cancel = unknown(0, 'cancel' as const)
    assert.equal(linearizable([cancel, done(2, 3, 'read', 'ENDED_SUCCESS')], cancelModel), 'yes')
    assert.equal(linearizable([cancel, done(2, 3, 'read', 'ENDED_CANCELLED')], cancelModel), 'yes')
  })
})

describe('a lock', () => {
  const acquire = (call: number, ret: number, holder: string, token: number) =>
    done(call, ret, { what: 'acquire' as const, holder, token }, 'done' as const)
  const use = (at: number, holder: string, token: number) =>
    done(at, at, { what: 'use' as const, holder, token }, 'done' as const)
  const release = (call: number, holder: string, token: number) =>
    unknown(call, { what: 'release' as const, holder, token })

  test('has one holder after the other, with rising tokens', () => {
    const turns = [
      acquire(0, 1, 'a', 1),
      use(2, 'a', 1),
      release(3, 'a', 1),
      acquire(0, 5, 'b', 2),
      use(6, 'b', 2),
    ]
    assert.equal(linearizable(turns, lockModel), 'yes')
  })
  test('is not held by two at once', () => {
    const both = [acquire(0, 1, 'a', 1), acquire(0, 2, 'b', 2), use(3, 'a', 1), release(4, 'a', 1)]
    assert.equal(linearizable(both, lockModel), 'no')
  })
  test('is not held again by a token that is used up', () => {
    const again = [acquire(0, 1, 'a', 2), release(1, 'a', 2), acquire(2, 3, 'b', 2)]
    assert.equal(linearizable(again, lockModel), 'no')
  })
})
