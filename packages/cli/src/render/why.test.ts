import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Why } from '@millrace/client'
import { NOW } from '../../test/run-in-test.ts'
import { renderWhy } from './why.ts'

test('a lock wait names the lock, its holder, the place in the queue, the times and the next step', () => {
  const why: Why = {
    moving: false,
    status: 'WAITING_LOCK',
    reason: 'waits for the lock of setting deploy',
    since: '2026-01-01T00:00:00Z',
    until: '2026-01-01T00:02:00Z',
    waits: [
      {
        kind: 'LOCK',
        ref: 'setting:s1',
        reason: 'It waits for the lock deploy, held by e9.',
        holder: 'e9',
        position: 2,
        since: '2026-01-01T00:00:00Z',
        until: '2026-01-01T00:02:00Z',
        unblock: [
          { action: 'force_release', href: '/api/latest/setting/my%20lock/lock/release?by=name' },
          { action: 'cancel', href: '/api/latest/execution/e9/cancel' },
          { action: 'reply', href: '/api/latest/message/m/reply' },
        ],
      },
    ],
  }
  assert.equal(
    renderWhy('e1', why, NOW),
    [
      'WAITING_LOCK: waits for the lock of setting deploy',
      '- It waits for the lock deploy, held by e9. Place 2 in the queue.',
      '  since 2026-01-01 00:00:00Z (for 1 min 0 s), until 2026-01-01 00:02:00Z (in 1 min 0 s)',
      "  to free it: millrace lock release 'my lock' --force",
      '  to free it: millrace execution cancel e9',
      '  to free it: millrace message reply m',
    ].join('\n'),
  )
})

test('an execution that moves says so', () => {
  const why: Why = {
    moving: true,
    status: 'AT_ENGINE',
    reason: null,
    since: null,
    until: null,
    waits: [],
  }
  assert.equal(renderWhy('e1', why, NOW), 'AT_ENGINE\nIt is moving; nothing holds it.')
})

test('a pause without a wait still says since when, and how to end it', () => {
  const why: Why = {
    moving: false,
    status: 'PAUSED',
    reason: 'paused by admin',
    since: '2026-01-01T00:00:57Z',
    until: null,
    waits: [],
    unblock: [{ action: 'resume', href: '/api/latest/execution/e1/resume' }],
  }
  assert.equal(
    renderWhy('e1', why, NOW),
    [
      'PAUSED: paused by admin',
      '  since 2026-01-01 00:00:57Z (for 3.0 s), without a limit',
      '  to free it: millrace execution resume e1',
    ].join('\n'),
  )
})

test('what has ended says when', () => {
  const why: Why = {
    moving: false,
    status: 'ENDED_SUCCESS',
    reason: 'It has ended.',
    since: '2026-01-01T00:00:57Z',
    until: null,
    waits: [],
  }
  assert.equal(renderWhy('e1', why, NOW), 'ENDED_SUCCESS: It has ended.\n  at 2026-01-01 00:00:57Z')
})

test('the chain is followed to its root', () => {
  const root: Why = {
    moving: false,
    status: 'PAUSED',
    reason: null,
    since: null,
    until: null,
    waits: [],
  }
  const why: Why = {
    ...root,
    status: 'WAITING_DEPENDENCY',
    chain: [{ execution_id: 'e2', why: root }],
  }
  assert.equal(renderWhy('e1', why, NOW), 'WAITING_DEPENDENCY\nbecause e2 is\n  PAUSED')
})
